import type { ApiOutcome } from "../schemas/activity.ts";

/** outcomeOfStatus reads an HTTP status; only 401 and 403 speak about who holds the key. */
export function outcomeOfStatus(status: number): ApiOutcome {
  if (status >= 100 && status < 400) return "success";
  if (status === 401 || status === 407) return "unauthenticated";
  if (status === 403) return "denied";
  if (status === 404 || status === 410) return "not_found";
  if (status === 429) return "throttled";
  if (status >= 400 && status < 500) return "invalid";
  return status >= 500 && status < 600 ? "error" : "unknown";
}

/**
 * outcomeOfErrorCode reads an error code of AWS or of its many imitators (`AccessDenied`, `Client.InvalidVpcID.NotFound`, `forbidden`).
 * The first law that fits wins, from the most telling to the least; a code nobody knows is an `error`.
 */
export function outcomeOfErrorCode(code: string): ApiOutcome {
  const known = memo.get(code);
  if (known !== undefined) return known;
  const outcome = classify(code.slice(0, 256));
  if (code.length <= 128 && memo.size < MEMO_LIMIT) memo.set(code, outcome);
  return outcome;
}

const MEMO_LIMIT = 4096;
const memo = new Map<string, ApiOutcome>();

/** DryRunOperation says that the call would have been allowed: who asks so learns a permission, and nothing failed. */
const LAWS: readonly (readonly [ApiOutcome, RegExp])[] = [
  ["success", /^(client\.)?dryrunoperation$/i],
  [
    "denied",
    /accessdenied|access_denied|permission_?denied|unauthorizedoperation|^forbidden|notauthorized|not_authorized|authorizationerror|^unauthorizedexception$|unauthorizedaccess|insufficientprivileges|insufficient_?scope|insufficient_?permission|^denied$/i,
  ],
  [
    "unauthenticated",
    /^(client\.)?(invalidclienttokenid|signaturedoesnotmatch|authfailure|expiredtoken|unrecognizedclient|invalidaccesskeyid|invalidtoken(id)?|tokenrefreshrequired|requestexpired|missingauthenticationtoken|incompletesignature|invalidsignature|invalididentitytoken|expiredidentitytoken|idprejectedclaim|notauthenticated|unauthenticated|unauthorized|invalid_?api_?key|invalid_?token|token_?expired|authentication_?(failed|error)|failedauthentication|loginfailed)(exception|error)?$/i,
  ],
  [
    "throttled",
    /throttl|ratelimit|rate_limit|requestlimitexceeded|toomanyrequests|too_many_requests|slowdown|throughputexceeded|bandwidthlimitexceeded|priorrequestnotcomplete/i,
  ],
  ["not_found", /nosuch|notfound|not_found|doesnotexist|notexist|no_such|unknownresource/i],
  [
    "error",
    /^server\.|internal|unavailable|servicefailure|timeout|timedout|gatewayerror|dependencyfailure|serverexception/i,
  ],
  [
    "invalid",
    /^client\.|invalid|validation|malformed|missing|badrequest|bad_request|conflict|exists|inuse|in_use|notempty|limitexceeded|quota|incorrect|unsupported|notsupported|violation|mismatch|toolarge|toolong|toomany|duplicate|expired|notready|clientexception|optinrequired|notenabled|subscriptionrequired|notavailable|illegal|precondition|parameter|notimplemented|notallowed|deleteconflict|alreadyowned|inprogress|pending/i,
  ],
];

function classify(code: string): ApiOutcome {
  if (/^\d{3}$/.test(code)) return outcomeOfStatus(Number(code));
  for (const [outcome, law] of LAWS) if (law.test(code)) return outcome;
  return "error";
}

/** outcomeOfMessage reads a failure that has a sentence and no code. */
export function outcomeOfMessage(message: string): ApiOutcome {
  const text = message.slice(0, 512);
  if (/not authorized|access ?denied|unauthorized|permission denied|forbidden|explicit deny/i.test(text))
    return "denied";
  if (
    /failed authentication|authentication fail|security token|credentials? (is|are|was|were)? ?(invalid|expired)|signature/i.test(
      text,
    )
  )
    return "unauthenticated";
  if (/rate exceeded|throttl|too many requests/i.test(text)) return "throttled";
  if (/not found|does not exist|no such/i.test(text)) return "not_found";
  return /invalid|malformed|missing|must be/i.test(text) ? "invalid" : "error";
}
