import { isZone } from "../../schemas/zone.ts";

/** ZoneOption is one zone of a country; lon is about where its people live, degrees, given where there are several. */
export interface ZoneOption {
  zone: string;
  lon: number | null;
}

/**
 * zonesOf gives the zones of a country (ISO 3166 letters), the one most people live in first; none where it is not known.
 * Zones that never differed from a listed one in this century are left out.
 */
export function zonesOf(country: string): readonly ZoneOption[] {
  return table.get(country) ?? [];
}

const SOURCE = `
AD Europe/Andorra|AE Asia/Dubai|AF Asia/Kabul|AL Europe/Tirane|AM Asia/Yerevan|AO Africa/Luanda
AR America/Argentina/Buenos_Aires|AT Europe/Vienna|AZ Asia/Baku|BA Europe/Sarajevo|BB America/Barbados|BD Asia/Dhaka
AU Australia/Sydney@149 Australia/Brisbane@152.9 Australia/Adelaide@138.6 Australia/Perth@116 Australia/Darwin@130.8 Australia/Hobart@147
BE Europe/Brussels|BF Africa/Ouagadougou|BG Europe/Sofia|BH Asia/Bahrain|BI Africa/Bujumbura|BJ Africa/Porto-Novo
BM Atlantic/Bermuda|BN Asia/Brunei|BO America/La_Paz|BS America/Nassau|BT Asia/Thimphu|BW Africa/Gaborone|BY Europe/Minsk
BR America/Sao_Paulo@-46 America/Manaus@-60 America/Cuiaba@-56 America/Fortaleza@-38.5 America/Rio_Branco@-68
BZ America/Belize|CD Africa/Kinshasa@15.3 Africa/Lubumbashi@27|CF Africa/Bangui|CG Africa/Brazzaville|CH Europe/Zurich
CA America/Toronto@-78 America/Vancouver@-122 America/Edmonton@-113.7 America/Winnipeg@-97 America/Regina@-105.5 America/Halifax@-64 America/St_Johns@-53
CI Africa/Abidjan|CL America/Santiago@-71 Pacific/Easter@-109|CM Africa/Douala|CN Asia/Shanghai|CO America/Bogota
CR America/Costa_Rica|CU America/Havana|CV Atlantic/Cape_Verde|CY Asia/Nicosia|CZ Europe/Prague|DE Europe/Berlin
DJ Africa/Djibouti|DK Europe/Copenhagen|DO America/Santo_Domingo|DZ Africa/Algiers|EC America/Guayaquil@-79 Pacific/Galapagos@-90
EE Europe/Tallinn|EG Africa/Cairo|ER Africa/Asmara|ES Europe/Madrid@-3.7 Atlantic/Canary@-15.5|ET Africa/Addis_Ababa
FI Europe/Helsinki|FJ Pacific/Fiji|FO Atlantic/Faroe|FR Europe/Paris|GA Africa/Libreville|GB Europe/London|GE Asia/Tbilisi
GG Europe/Guernsey|GH Africa/Accra|GI Europe/Gibraltar|GL America/Nuuk|GM Africa/Banjul|GN Africa/Conakry|GP America/Guadeloupe
GQ Africa/Malabo|GR Europe/Athens|GT America/Guatemala|GU Pacific/Guam|GW Africa/Bissau|GY America/Guyana|HK Asia/Hong_Kong
HN America/Tegucigalpa|HR Europe/Zagreb|HT America/Port-au-Prince|HU Europe/Budapest|IE Europe/Dublin|IL Asia/Jerusalem
ID Asia/Jakarta@107 Asia/Makassar@117 Asia/Jayapura@138|IM Europe/Isle_of_Man|IN Asia/Kolkata|IQ Asia/Baghdad|IR Asia/Tehran
IS Atlantic/Reykjavik|IT Europe/Rome|JE Europe/Jersey|JM America/Jamaica|JO Asia/Amman|JP Asia/Tokyo|KE Africa/Nairobi
KG Asia/Bishkek|KH Asia/Phnom_Penh|KR Asia/Seoul|KW Asia/Kuwait|KY America/Cayman|KZ Asia/Almaty|LA Asia/Vientiane|LB Asia/Beirut
LC America/St_Lucia|LI Europe/Vaduz|LK Asia/Colombo|LR Africa/Monrovia|LS Africa/Maseru|LT Europe/Vilnius|LU Europe/Luxembourg
LV Europe/Riga|LY Africa/Tripoli|MA Africa/Casablanca|MC Europe/Monaco|MD Europe/Chisinau|ME Europe/Podgorica|MG Indian/Antananarivo
MK Europe/Skopje|ML Africa/Bamako|MM Asia/Yangon|MN Asia/Ulaanbaatar|MO Asia/Macau|MQ America/Martinique|MR Africa/Nouakchott
MT Europe/Malta|MU Indian/Mauritius|MV Indian/Maldives|MW Africa/Blantyre|MY Asia/Kuala_Lumpur|MZ Africa/Maputo|NA Africa/Windhoek
MX America/Mexico_City@-99 America/Tijuana@-117 America/Hermosillo@-111 America/Chihuahua@-106 America/Cancun@-87|NC Pacific/Noumea
NE Africa/Niamey|NG Africa/Lagos|NI America/Managua|NL Europe/Amsterdam|NO Europe/Oslo|NP Asia/Kathmandu
NZ Pacific/Auckland@175 Pacific/Chatham@-176|OM Asia/Muscat|PA America/Panama|PE America/Lima|PF Pacific/Tahiti|PG Pacific/Port_Moresby
PH Asia/Manila|PK Asia/Karachi|PL Europe/Warsaw|PR America/Puerto_Rico|PS Asia/Hebron|PT Europe/Lisbon@-8.8 Atlantic/Azores@-26
PY America/Asuncion|QA Asia/Qatar|RE Indian/Reunion|RO Europe/Bucharest|RS Europe/Belgrade|RW Africa/Kigali|SA Asia/Riyadh
RU Europe/Moscow@37 Europe/Kaliningrad@20.5 Europe/Samara@50 Asia/Yekaterinburg@60.6 Asia/Omsk@73.4 Asia/Novosibirsk@83 Asia/Krasnoyarsk@92 Asia/Irkutsk@104 Asia/Yakutsk@129.7 Asia/Vladivostok@132.5 Asia/Kamchatka@158
SC Indian/Mahe|SD Africa/Khartoum|SE Europe/Stockholm|SG Asia/Singapore|SI Europe/Ljubljana|SK Europe/Bratislava|SL Africa/Freetown
SM Europe/San_Marino|SN Africa/Dakar|SO Africa/Mogadishu|SR America/Paramaribo|SV America/El_Salvador|SY Asia/Damascus|SZ Africa/Mbabane
TD Africa/Ndjamena|TG Africa/Lome|TH Asia/Bangkok|TJ Asia/Dushanbe|TM Asia/Ashgabat|TN Africa/Tunis|TR Europe/Istanbul
TT America/Port_of_Spain|TW Asia/Taipei|TZ Africa/Dar_es_Salaam|UA Europe/Kyiv|UG Africa/Kampala|UY America/Montevideo|UZ Asia/Tashkent
US America/New_York@-77 America/Chicago@-92 America/Denver@-106 America/Los_Angeles@-119.5 America/Phoenix@-112.5 America/Anchorage@-150 Pacific/Honolulu@-158
VA Europe/Vatican|VE America/Caracas|VN Asia/Ho_Chi_Minh|XK Europe/Belgrade|YE Asia/Aden|ZA Africa/Johannesburg|ZM Africa/Lusaka|ZW Africa/Harare
`;

const table = new Map<string, readonly ZoneOption[]>();
for (const entry of SOURCE.trim().split(/[|\n]/)) {
  const [country = "", ...zones] = entry.split(" ");
  const options = zones.map((text) => {
    const [zone = "", lon] = text.split("@");
    return { zone, lon: lon === undefined ? null : Number(lon) };
  });
  // An old runtime may not know a zone's newest name; a country then loses it and keeps the others.
  table.set(
    country,
    options.filter(({ zone }) => isZone(zone)),
  );
}

/** zoneCountries lists every country of the table. */
export const zoneCountries = (): string[] => [...table.keys()];
