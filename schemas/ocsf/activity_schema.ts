import { z } from "zod";

const text = z.string();
const ms = z.number().int();
const named = z.strictObject({ name: text });
const account = z.strictObject({ uid: text });

/**
 * ocsfApiActivity is the part of OCSF 1.8.0 API Activity (6003) that keywatch writes. Members that the record says nothing of are
 * left out, not null. Times are ms since the epoch, UTC.
 */
export const ocsfApiActivity = z.strictObject({
  category_uid: z.literal(6),
  category_name: z.literal("Application Activity"),
  class_uid: z.literal(6003),
  class_name: z.literal("API Activity"),
  activity_id: z.literal([0, 1, 2, 3, 4, 99]),
  activity_name: z.enum(["Unknown", "Create", "Read", "Update", "Delete", "Authenticate"]),
  type_uid: z.literal([600300, 600301, 600302, 600303, 600304, 600399]),
  type_name: text,
  time: ms,
  severity_id: z.literal(1),
  severity: z.literal("Informational"),
  status_id: z.literal([0, 1, 2]),
  status: z.enum(["Unknown", "Success", "Failure"]),
  /** The provider's own error code. */
  status_code: text.optional(),
  metadata: z.strictObject({
    version: z.literal("1.8.0"),
    product: z.strictObject({ name: text, vendor_name: text, version: text }),
    profiles: z.array(z.literal("cloud")).optional(),
    uid: text,
    /** Provider id of keywatch: `aws_cloudtrail`, … */
    log_provider: text,
    logged_time: ms,
  }),
  actor: z.strictObject({
    user: z.strictObject({ uid: text, name: text.optional(), account: account.optional() }),
    session: z.strictObject({ uid: text.optional(), credential_uid: text.optional() }).optional(),
  }),
  api: z.strictObject({
    operation: text,
    service: named.optional(),
    response: z.strictObject({ error: text.optional(), code: z.number().int().optional() }).optional(),
    /** uid is the fingerprint `key_uid`; 7 is a long-lived API token, 6 a temporary one. */
    token: z
      .strictObject({ uid: text, type_id: z.literal([6, 7]), type: z.enum(["Client Token", "API Token"]) })
      .optional(),
  }),
  src_endpoint: z.strictObject({
    ip: text.optional(),
    name: text.optional(),
    autonomous_system: z.strictObject({ number: z.number().int(), name: text.optional() }).optional(),
    location: z
      .strictObject({
        country: text,
        region: text.optional(),
        city: text.optional(),
        lat: z.number().optional(),
        long: z.number().optional(),
      })
      .optional(),
  }),
  http_request: z.strictObject({ user_agent: text }).optional(),
  resources: z.array(named).optional(),
  cloud: z.strictObject({ provider: text, account: account.optional(), region: text.optional() }).optional(),
  /** What OCSF has no attribute for. */
  unmapped: z.strictObject({
    verb_class: text,
    outcome: text,
    src_kind: text,
    subject_uid: text,
    position: text,
  }),
  /** The record after redaction, as JSON text. */
  raw_data: text,
});
