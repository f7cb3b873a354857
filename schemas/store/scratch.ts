import type { Store } from "./store.ts";

/** Databases that a run which was killed left behind; one process at a time holds an embedded store. */
export const SCRATCHES = "SELECT name FROM system.databases WHERE startsWith(name, 'keywatch_scratch_') ORDER BY name";

let number = 0;
export const scratchName = (): string => `keywatch_scratch_${process.pid}_${++number}`;

/** droppedAtEnd lets the database of a session go with it. */
export function droppedAtEnd(session: Store, name: string): Store {
  const close = session.close.bind(session);
  return Object.assign(session, {
    async close() {
      try {
        await session.command(`DROP DATABASE IF EXISTS ${name}`);
      } finally {
        await close();
      }
    },
  });
}
