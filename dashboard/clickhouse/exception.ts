/** Exception is an error as ClickHouse gives it: code, name and a message for people. */
export class Exception extends Error {
  override name = "Exception";
  readonly code: number;
  readonly word: string;

  constructor(code: number, word: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.word = word;
  }

  /** The text of a body, as clients parse it. */
  get text(): string {
    return `Code: ${this.code}. DB::Exception: ${this.message} (${this.word})`;
  }
}

export const readOnly = (message: string): Exception => new Exception(164, "READONLY", message);
export const denied = (message: string): Exception => new Exception(497, "ACCESS_DENIED", message);
export const syntax = (message: string): Exception => new Exception(62, "SYNTAX_ERROR", message);

const ENGINE = /^(?:Code: \d+\. DB::Exception: )*?Code: (\d+)\. DB::Exception: (.*?)\s*\(([A-Z][A-Z_0-9]+)\)[^()]*$/s;

/** exceptionOf reads the engine's error; what is none of its errors is a fault of ours and says nothing of it. */
export function exceptionOf(error: unknown): Exception {
  if (error instanceof Exception) return error;
  const match = ENGINE.exec(String((error as Error)?.message ?? error));
  if (!match) return new Exception(1002, "UNKNOWN_EXCEPTION", "The question could not be answered.", { cause: error });
  return new Exception(Number(match[1]), match[3]!, match[2]!.trim(), { cause: error });
}

/** Status by code, as ClickHouse has them; a refusal to write is 403 here, where ClickHouse says 500, which proxies would try again. */
const STATUS = new Map<number, number>([
  [6, 400],
  [26, 400],
  [27, 400],
  [38, 400],
  [41, 400],
  [53, 400],
  [62, 400],
  [72, 400],
  [130, 400],
  [456, 400],
  [457, 400],
  [43, 400],
  [42, 400],
  [36, 400],
  [46, 404],
  [47, 404],
  [50, 404],
  [60, 404],
  [73, 404],
  [81, 404],
  [115, 404],
  [48, 501],
  [159, 408],
  [164, 403],
  [452, 403],
  [497, 403],
  [516, 401],
  [202, 503],
  [236, 503],
]);

export const statusOf = (exception: Exception): number => STATUS.get(exception.code) ?? 500;
