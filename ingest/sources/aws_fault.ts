/** AwsFault is a refusal of AWS, in a sentence that says what mends it. Nothing was lost: what was asked for is asked for again. */
export class AwsFault extends Error {
  override name = "AwsFault";
  readonly kind: AwsFaultKind;
  constructor(kind: AwsFaultKind, message: string, options: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

export type AwsFaultKind =
  | "credentials"
  | "denied"
  | "absent"
  | "archived"
  | "busy"
  | "region"
  | "unreachable"
  | "other";

/** Asked is what was asked for: the right it needs, and of what, as in `s3:GetObject` on `s3://bucket/key`. */
export interface Asked {
  right: string;
  on: string;
}

const KINDS: [AwsFaultKind, RegExp][] = [
  [
    "credentials",
    /^(CredentialsProviderError|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidClientTokenId|UnrecognizedClientException|InvalidToken|TokenRefreshRequired|ExpiredToken(Exception)?|InvalidSecurity|IncompleteSignature|RequestTimeTooSkewed|RequestExpired|MissingAuthenticationToken)$/,
  ],
  ["archived", /^InvalidObjectState$/],
  [
    "absent",
    /^(NoSuchBucket|NoSuchKey|NoSuchVersion|NotFound|QueueDoesNotExist|AWS\.SimpleQueueService\.NonExistentQueue)$/,
  ],
  [
    "busy",
    /^(SlowDown|Throttl\w*|RequestThrottled\w*|TooManyRequests\w*|RequestLimitExceeded|ServiceUnavailable|InternalError|OverLimit)$/,
  ],
  ["region", /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/],
  ["denied", /^(AccessDenied(Exception)?|AllAccessDisabled|KMS\.\w+|Forbidden)$/],
  ["unreachable", /^(TimeoutError|NetworkingError|E[A-Z]+)$/],
];

const KIND_OF_STATUS: Record<number, AwsFaultKind> = {
  401: "credentials",
  403: "denied",
  404: "absent",
  429: "busy",
  503: "busy",
};

/** awsFault turns what the SDK threw into a sentence. */
export function awsFault(error: unknown, asked: Asked): AwsFault {
  if (error instanceof AwsFault) return error;
  const { name = "", code, message = "", $metadata } = error as SdkError;
  const said = [name, code ?? ""].find((text) => KINDS.some(([, words]) => words.test(text)));
  const kind = /^Region is missing/.test(message)
    ? "region"
    : (KINDS.find(([, words]) => said !== undefined && words.test(said))?.[0] ??
      KIND_OF_STATUS[$metadata?.httpStatusCode ?? 0] ??
      "other");
  return new AwsFault(kind, sentence(kind, asked, said ?? (name || "Error"), message), { cause: error });
}

interface SdkError {
  name?: string;
  code?: string;
  message?: string;
  $metadata?: { httpStatusCode?: number };
}

function sentence(kind: AwsFaultKind, { right, on }: Asked, said: string, message: string): string {
  switch (kind) {
    case "credentials":
      return said === "RequestTimeTooSkewed" || said === "RequestExpired"
        ? `AWS refuses the request for ${on}, since this machine's clock is wrong (${said}). Set it by NTP.`
        : `AWS does not take the credentials for ${on} (${said}). Give the process a role, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.`;
    case "denied":
      return `AWS denies ${on} (${said}). Its policies must allow ${right}, and kms:Decrypt where the object is encrypted with a KMS key.`;
    case "absent":
      return `${on} is not there (${said}).`;
    case "archived":
      return `${on} lies in an archive (${said}); restore it to have it read.`;
    case "busy":
      return `AWS asks to be asked less often for ${on} (${said}); it is tried again.`;
    case "region":
      return `${on} needs its region (${said}). Set \`region\` of the source, or AWS_REGION.`;
    case "unreachable":
      return `${on} cannot be reached (${said}). Look at the network, the proxy and \`endpoint\`.`;
    case "other":
      return `${on}: ${said}${message === "" ? "" : `, ${message}`}`;
  }
}
