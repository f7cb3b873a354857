import { defineChannel, fail, sent } from "../channel.ts";
import { renderMessage } from "../render_console.ts";

/** The console channel writes the whole incident the first time, and one line for what happens to it later. */
export default defineChannel({
  kind: "console",
  title: "Console",
  open(_config, { output }) {
    return {
      async send(message) {
        try {
          output.write(`${renderMessage(message, { colour: output.colour })}\n`);
          return sent();
        } catch (error) {
          const { code = "closed" } = error as NodeJS.ErrnoException;
          return fail("unreachable", `The console could not be written to (${code}).`);
        }
      },
    };
  },
});
