import { defineConfig } from "vite";

/** The page is one script and one style; `npm run build` puts it into dist/page, from where routes/page.ts serves it. */
export default defineConfig({
  base: "/",
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../../dist/page",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
  },
});
