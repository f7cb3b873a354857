import { setFlagsFromString } from "node:v8";

/** Garbage that may gather beside what is alive, per cent. By itself V8 lets it become as much or more while the machine has memory. */
const GARBAGE_PERCENT = 40;

/** spareMemory has V8 collect sooner for the rest of the process. It costs CPU time, so it is for those who watch many keys. */
export const spareMemory = (): void => setFlagsFromString(`--heap-growing-percent=${GARBAGE_PERCENT}`);
