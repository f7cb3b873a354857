/** SESSION_SETTINGS hold for every statement. Set once: per-call settings stick to the embedded session (DESIGN.md, section 4). */
export const SESSION_SETTINGS = {
  max_partitions_per_insert_block: 0,
  date_time_input_format: "best_effort",
  // Twins are dropped by FINAL and merges; looking for them in every insert costs half of it.
  optimize_on_insert: 0,
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 0,
  do_not_merge_across_partitions_select_final: 1,
} as const;

/**
 * serverSettings are those of a server besides. Inserts are synchronous, whatever the server's default (since 26 it is asynchronous): a row
 * is acknowledged when it is stored, our writer batches already (one block under way per process, up to 40,000 rows), and the small rows of
 * findings and transitions are on the way to a page, where a buffer's wait would be added to each of four inserts.
 */
export const serverSettings = {
  ...SESSION_SETTINGS,
  async_insert: 0,
  wait_for_async_insert: 1,
} as const;
