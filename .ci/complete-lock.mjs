// Adds the optional packages of other platforms that `npm install` leaves out of package-lock.json, and without which `npm ci` refuses it.
// Run after changing dependencies: node .ci/complete-lock.mjs && npm ci
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));
let added = 0;
for (const [path, entry] of Object.entries({ ...lock.packages })) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const at = `node_modules/${name}`;
    if (lock.packages[at] || lock.packages[`${path}/${at}`]) continue;
    const found = published(name, range) ?? fromName(name, range);
    lock.packages[at] = JSON.parse(JSON.stringify({ ...found, dev: entry.dev, optional: true }));
    added++;
    console.log(`${name} ${found.version}`);
  }
}
/** What the registry says of the package; null where this registry does not carry it. */
function published(name, range) {
  try {
    const fields = ["version", "os", "cpu", "libc", "engines", "license", "dist.integrity", "dependencies"];
    const answer = JSON.parse(
      execFileSync("npm", ["view", `${name}@${range}`, ...fields, "--json"], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }),
    );
    const found = Array.isArray(answer) ? answer.at(-1) : answer;
    const list = (v) => (v === undefined ? undefined : [v].flat());
    return {
      version: found.version,
      integrity: found["dist.integrity"],
      cpu: list(found.cpu),
      libc: list(found.libc),
      license: found.license,
      os: list(found.os),
      dependencies: found.dependencies,
      engines: found.engines,
    };
  } catch {
    return null;
  }
}

/** Platform packages are named after their platform: cli-darwin-arm64, binding-linux-x64-musl, lib-win32-x64-msvc. */
function fromName(name, range) {
  const os = /(android|darwin|linux|win32|freebsd|openharmony|openbsd|netbsd|sunos|aix)/.exec(name)?.[1];
  const cpu = /(arm64|x64|ia32|arm|ppc64|s390x|riscv64|loong64|mips64el|wasm32)/.exec(name)?.[1];
  const version = /\d+\.\d+\.\d+[\w.-]*/.exec(range)?.[0];
  const libc = /musl/.test(name) ? ["musl"] : /(gnu|glibc)/.test(name) ? ["glibc"] : undefined;
  return { version, cpu: cpu && [cpu], os: os && [os], libc };
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} added`);
