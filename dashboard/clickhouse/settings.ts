import { Exception } from "./exception.ts";

type Settings = Record<string, string | number>;

/** Settings that change how an answer looks or what a join gives, and nothing else. */
const FREE =
  /^(date_time_output_format|output_format_(json|csv|tsv|pretty|native|arrow|parquet|orc|binary|decimal|bool|xml|markdown|values|write)_\w+|format_csv_delimiter|bool_true_representation|bool_false_representation|session_timezone|join_use_nulls|group_by_use_nulls|extremes|limit|offset|final|prefer_column_name_to_alias|aggregate_functions_null_for_empty|max_block_size|count_distinct_implementation)$/;

/** Limits that a question may set lower for itself. */
const LOWER = new Set([
  "max_execution_time",
  "max_threads",
  "max_memory_usage",
  "max_result_rows",
  "max_result_bytes",
  "max_rows_to_read",
  "max_bytes_to_read",
]);

/** Words of the HTTP interface, or of a client's habits, that mean nothing here. */
const IGNORED = new Set(
  `readonly wait_end_of_query buffer_size send_progress_in_http_headers http_headers_progress_interval_ms http_write_exception_in_output_format
cancel_http_readonly_queries_on_client_close session_id session_timeout session_check quota_key role client_protocol_version add_http_cors_header
log_queries log_comment log_query_settings result_overflow_mode http_response_buffer_size stacktrace http_zlib_compression_level
max_query_size async_insert wait_for_async_insert http_receive_timeout http_send_timeout receive_timeout send_timeout connect_timeout
network_compression_method http_make_head_request date_time_input_format output_format_json_named_tuples_as_objects_default`.split(
    /\s+/,
  ),
);

/** settingsOf takes those settings of a request that may be set, and refuses the others by ClickHouse's codes. */
export function settingsOf(asked: ReadonlyMap<string, string>, limits: Settings): Settings {
  const settings: Settings = {};
  for (const [name, value] of asked) {
    if (IGNORED.has(name)) continue;
    if (!/^\w+$/.test(name)) throw new Exception(115, "UNKNOWN_SETTING", "This is no name of a setting");
    if (LOWER.has(name)) settings[name] = lower(name, value, limits);
    else if (FREE.test(name)) settings[name] = value.slice(0, 200);
    else throw new Exception(164, "READONLY", `Cannot modify '${name}' setting in readonly mode.`);
  }
  return settings;
}

function lower(name: string, value: string, limits: Settings): number {
  const number = Number(value);
  if (value.trim() === "" || !Number.isFinite(number) || number < 0)
    throw new Exception(72, "CANNOT_PARSE_NUMBER", `'${name}' takes a number`);
  const limit = limits[name];
  // Zero means "no limit".
  return typeof limit === "number" && (number === 0 || number > limit) ? limit : number;
}
