import { expect, test } from "vitest";
import { withReport, withSection } from "./page_sections.ts";

test("the authors of a page do not erase each other", () => {
  let page = withReport("", "# Bench\n");
  page = withSection(page, "providers", "## Providers\n");
  page = withSection(page, "shares", "## Shares $& 1\n");
  page = withSection(page, "providers", "## Providers, again\n");
  page = withReport(page, "# Bench, again\n");
  expect(page).toBe(`# Bench, again

<!-- providers -->

## Providers, again

<!-- /providers -->

<!-- shares -->

## Shares $& 1

<!-- /shares -->
`);
});
