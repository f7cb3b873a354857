import type { StoreCommand } from "./command.ts";
import { keysDraft } from "./keys_draft.ts";
import { keysImport } from "./keys_import.ts";
import { keysList } from "./keys_list.ts";
import { keysRevokePreview } from "./keys_revoke_preview.ts";
import { keysShow } from "./keys_show.ts";

/** keysCommands are the words behind `keywatch keys`. */
export const keysCommands = {
  list: keysList,
  show: keysShow,
  import: keysImport,
  draft: keysDraft,
  "revoke-preview": keysRevokePreview,
} satisfies Record<string, StoreCommand>;
