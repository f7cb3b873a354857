/**
 * Networks of hosting and cloud companies: an address in one of them is a rented machine, not an office or a home. AS numbers and names
 * are those that the companies register publicly (RIR databases, PeeringDB); add a line when one is missing.
 */
const companies: readonly (readonly [string, readonly number[]])[] = [
  ["Amazon", [16509, 14618, 8987, 7224, 62785, 135630]],
  ["Google", [15169, 396982, 19527, 36384, 36492, 43515]],
  ["Microsoft", [8075, 8068, 8069, 8070, 12076, 3598]],
  ["Oracle", [31898, 1215, 54253]],
  ["IBM Cloud", [36351]],
  ["Alibaba", [45102, 37963, 134963]],
  ["Tencent", [132203, 45090]],
  ["Huawei Cloud", [136907, 55990]],
  ["OVH", [16276, 35540]],
  ["Hetzner", [24940, 213230, 212317]],
  ["DigitalOcean", [14061, 393406]],
  ["Linode and Akamai", [63949, 20940, 16625, 12222, 18717, 32787, 35994, 36183]],
  ["Vultr (The Constant Company)", [20473]],
  ["Scaleway", [12876, 29447]],
  ["Contabo", [51167, 40021, 141995]],
  ["Leaseweb", [60781, 28753, 30633, 396362, 394380, 59253, 133752, 7203, 16265]],
  ["M247", [9009]],
  ["Cloudflare", [13335, 209242]],
  ["Fastly", [54113]],
  ["IONOS", [8560]],
  ["netcup", [197540]],
  ["G-Core", [199524]],
  ["Datacamp (CDN77)", [60068, 212238]],
  ["Clouvider", [62240]],
  ["FranTech (BuyVM)", [53667]],
  ["ColoCrossing", [36352]],
  ["QuadraNet", [8100]],
  ["Hivelocity", [29802, 61317]],
  ["Unified Layer", [46606]],
  ["GoDaddy", [26496]],
  ["Hostinger", [47583]],
  ["WorldStream", [49981]],
  ["IP Volume", [202425]],
  ["Aruba", [199883]],
  ["AlexHost", [200019]],
  ["Locaweb", [27715]],
  ["ServerMania (B2 Net)", [55286]],
  ["GTHost", [63023]],
  ["ReliableSite", [23470]],
  ["Interserver", [19318]],
  ["Namecheap", [22612]],
  ["Rackspace", [33070, 27357]],
  ["A2 Hosting", [55293]],
  ["Packet", [54825]],
  ["Latitude.sh", [396356]],
  ["Tier.Net", [397423]],
];

const hostingAsns: ReadonlySet<number> = new Set(companies.flatMap(([, asns]) => asns));

/** Names that say it themselves; whole words, so that a "Cloudy Valley Telephone" stays a telephone company. */
const hostingNames =
  /\b(hosting|hostinger|webhosting|web hosting|cloud computing|cloud services?|data ?cent(er|re)s?|dedicated servers?|vps|colocation|colo|amazon|aws|google cloud|azure|digitalocean|linode|vultr|hetzner|ovh|contabo|leaseweb|scaleway|upcloud|kamatera|exoscale|m247|datacamp|servers?\.com|serverius|hostkey|ionos|netcup)\b/i;

/** isHosting is true for hosting and cloud companies, false for other known networks, null where the network is unknown. */
export function isHosting(asn: number | null, organisation: string | null): boolean | null {
  if (asn === null) return null;
  return hostingAsns.has(asn) || (organisation !== null && hostingNames.test(organisation));
}
