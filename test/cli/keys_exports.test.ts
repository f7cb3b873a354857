import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { App } from "../../cli/app.ts";
import { keysImport } from "../../cli/commands/keys_import.ts";
import { readInventory } from "../../cli/inventory_store.ts";
import { keyExports } from "../../cli/keys/exports.ts";
import { goldenRecords } from "../golden_events.ts";
import { openTestApp, quietOut, tempFolder } from "../support.ts";

// Made up after the documented shapes.
const REPORT = `user,arn,user_creation_time,password_enabled,access_key_1_active,access_key_1_last_rotated,access_key_2_active,access_key_2_last_rotated
<root_account>,arn:aws:iam::111122223333:root,2020-01-01T00:00:00+00:00,not_supported,false,N/A,false,N/A
billing-bot,arn:aws:iam::111122223333:user/billing-bot,2025-01-01T00:00:00+00:00,false,true,2026-01-10T08:00:00+00:00,true,2025-06-01T08:00:00+00:00
old,arn:aws:iam::111122223333:user/old,2021-01-01T00:00:00+00:00,false,false,2021-01-01T00:00:00+00:00,false,N/A
`;
const EXPORTS: [name: string, text: string, keys: object[]][] = [
  [
    "aws_credential_report",
    REPORT,
    [
      {
        name: "billing-bot",
        provider: "aws_cloudtrail",
        principal: "arn:aws:iam::111122223333:user/billing-bot",
        rotation: { created_at: "2025-06-01T08:00:00+00:00" },
      },
    ],
  ],
  [
    "github_tokens",
    JSON.stringify([
      {
        id: 1,
        owner: { login: "ann" },
        token_id: 98716,
        token_name: "deploys",
        access_granted_at: "2026-01-02T00:00:00Z",
        token_expires_at: "2026-12-31T00:00:00Z",
      },
      {
        login: "ben",
        credential_id: 161195,
        credential_type: "personal access token",
        credential_authorized_at: "2026-02-01T00:00:00Z",
        scopes: ["repo"],
      },
    ]),
    [
      {
        name: "deploys",
        provider: "github_audit",
        id: "98716",
        owner: "ann",
        rotation: { created_at: "2026-01-02T00:00:00Z" },
        expires_at: "2026-12-31T00:00:00Z",
      },
      {
        name: "ben-161195",
        provider: "github_audit",
        id: "161195",
        owner: "ben",
        granted: ["repo"],
        rotation: { created_at: "2026-02-01T00:00:00Z" },
      },
    ],
  ],
  [
    "gcp_service_account_keys",
    JSON.stringify([
      {
        name: "projects/p/serviceAccounts/billing@p.iam.gserviceaccount.com/keys/0123456789abcdef",
        keyType: "USER_MANAGED",
        validAfterTime: "2026-01-01T00:00:00Z",
        validBeforeTime: "9999-12-31T23:59:59Z",
      },
      { name: "projects/p/serviceAccounts/billing@p.iam.gserviceaccount.com/keys/fedcba98", keyType: "SYSTEM_MANAGED" },
    ]),
    [
      {
        name: "billing-01234567",
        provider: "gcp_audit",
        id: "0123456789abcdef",
        rotation: { created_at: "2026-01-01T00:00:00Z" },
      },
    ],
  ],
  [
    "vault_accessors",
    JSON.stringify([
      "exampleAccessor01",
      { data: { accessor: "exampleAccessor02", display_name: "approle", expire_time: "2027-01-01T00:00:00Z" } },
    ]),
    [
      { name: "token-exampl", provider: "vault_audit", id: "exampleAccessor01" },
      { name: "approle-exampl", provider: "vault_audit", id: "exampleAccessor02", expires_at: "2027-01-01T00:00:00Z" },
    ],
  ],
  [
    "csv",
    `\ufeffname,provider,id,owner,access,tags,created_at\r\n"pay, main",stripe,mk_example0001,team-pay,write,pci;live,2026-01-01\r\n`,
    [
      {
        name: "pay, main",
        provider: "stripe",
        id: "mk_example0001",
        owner: "team-pay",
        access: "write",
        tags: ["pci", "live"],
        rotation: { created_at: "2026-01-01" },
      },
    ],
  ],
];

describe.each(EXPORTS)("%s", (name, text, keys) => {
  test("gives its keys, with no more than it says", () => expect(keyExports[name]!.read(text)).toEqual(keys));
  test("is told from something else", () => {
    expect(keyExports[name]!.read("keys:\n  - name: a\n")).toBeNull();
    expect(keyExports[name]!.read("")).toBeNull();
  });
});

describe("keys import --from", () => {
  let app: App;
  const folder = tempFolder();
  beforeAll(async () => {
    app = await openTestApp(join(folder, "data"));
  });
  afterAll(() => app.close());
  const run = async (file: string, text: string, from?: string) => {
    writeFileSync(join(folder, file), text);
    const out = quietOut();
    await keysImport({ app, args: { file: join(folder, file), json: true, ...(from ? { from } : {}) }, out } as never);
    return JSON.parse(out.lines[0]!) as { imported: boolean; keys: number; added: string[]; removed: string[] };
  };

  test("adds to what is declared, fills in what is not said, and leaves what the owner wrote; twice changes nothing", async () => {
    await run(
      "keys.yaml",
      "keys:\n  - { name: pay, provider: stripe, id: mk_example0001, owner: team-finance }\n  - { name: other, provider: okta_system_log, id: x1 }\n",
    );
    for (const [name, text] of EXPORTS) {
      const first = await run(`${name}.txt`, text, name);
      expect(first).toMatchObject({ imported: true, removed: [] });
      expect(await run(`${name}.txt`, text, name)).toMatchObject({ imported: false, added: [] });
    }
    const [newest] = (await readInventory(app.store)).slice(-1);
    expect(newest!.inventory.keys.map((k) => k.name)).toEqual([
      ...["pay", "other", "billing-bot", "deploys", "ben-161195", "billing-01234567", "token-exampl", "approle-exampl"],
    ]);
    expect(newest!.inventory.keys[0]).toMatchObject({ owner: "team-finance", access: "write", tags: ["pci", "live"] });
    expect(JSON.stringify(newest)).not.toMatch(/mk_example|0123456789abcdef|exampleAccessor/);
  });

  test("what an export names is the key that the log names", () => {
    const inLog = JSON.stringify(goldenRecords("gcp_audit"));
    const [, id] = /keys\/([0-9a-f]{8,})"/.exec(inLog)!;
    const [key] = keyExports.gcp_service_account_keys!.read(
      JSON.stringify([{ name: `projects/p/serviceAccounts/a@b/keys/${id}` }]),
    )!;
    expect(key!.id).toBe(id);
  });

  test("a file that is no such export is refused with what it should be", async () => {
    await expect(run("bad.json", "{}", "github_tokens")).rejects.toThrow(/gh api/);
    await expect(run("bad.json", "{}", "nobody")).rejects.toThrow(/Known are/);
  });
});
