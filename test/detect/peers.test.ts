import { expect, test } from "vitest";
import { createPeerBook, type PeerBook } from "../../detect/peers.ts";

/* Who else used a network lately: each key counts by its own last day. */

const NET = "198.51.100.0/24";
const seal = (book: PeerBook, subject: string, owner: string, day: number) =>
  book.sealDay("a", subject, owner, "net", NET, day);
const others = (book: PeerBook, day: number) => book.others("a", "net", NET, "b", "anna", day);

test("another key of the owner counts for thirty days, however often strangers use the network", () => {
  const book = createPeerBook();
  seal(book, "a", "anna", 100);
  for (let day = 101; day <= 350; day++) seal(book, "x", "otto", day);
  expect(others(book, 130)).toBe("owner");
  expect(others(book, 131)).toBe("account");
  expect(others(book, 350)).toBe("account");
  expect(others(book, 381)).toBe("none");
  seal(book, "a", "anna", 351);
  expect(others(book, 351)).toBe("owner");
});

test("a network is shared by those who use it now", () => {
  const book = createPeerBook();
  for (const [i, subject] of ["c", "d", "e"].entries()) seal(book, subject, "otto", 100 + 20 * i);
  expect(book.isShared("a", "net", NET, "b", 130)).toBe(true);
  expect(book.isShared("a", "net", NET, "b", 131)).toBe(false);
});

test("of more than four, the one goes that used it longest ago", () => {
  const book = createPeerBook();
  seal(book, "a", "anna", 1);
  for (const subject of ["c", "d", "e"]) seal(book, subject, "otto", 2);
  seal(book, "a", "anna", 3);
  seal(book, "f", "otto", 3);
  expect(others(book, 4)).toBe("owner");
});

test("what an older version stored is taken over, and a stored book comes back as it was", () => {
  const old = createPeerBook();
  const key = ["a", "net", NET].join("\u001f");
  old.load(
    JSON.stringify([
      [
        key,
        {
          last: 40,
          subjects: [
            ["a", "anna"],
            ["x", "otto"],
          ],
        },
      ],
    ]),
  );
  expect([others(old, 70), others(old, 71)]).toEqual(["owner", "none"]);
  const again = createPeerBook();
  again.load(old.text());
  expect(again.text()).toBe(old.text());
});
