import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { IncidentDetail } from "../../../schemas/http_api.ts";
import { mayChange, post } from "../api.ts";
import { words } from "../format.ts";

const VERDICTS = [
  ["true_positive", "Somebody used the key who should not have."],
  ["benign", "Unusual, and done by whom the key belongs to."],
  ["expected", "Planned, such as a move or a new job."],
  ["false_positive", "Nothing unusual happened."],
] as const;

type Open = "comment" | "assign" | "silence" | "resolve" | null;

/** Actions are what a person can do with an incident; each asks for no more than it needs. */
export function Actions({ incident: i, changed }: { incident: IncidentDetail; changed(): void }) {
  const [open, setOpen] = useState<Open>(null);
  const [said, setSaid] = useState<{ text: string; bad: boolean } | null>(null);
  const resolved = i.status === "resolved" || i.status === "merged_into";
  const run = (path: string, body: object, text: string) =>
    post(path, body)
      .then(() => {
        setOpen(null);
        setSaid({ text, bad: false });
        changed();
      })
      .catch((e: Error) => setSaid({ text: e.message, bad: true }));
  const act = (verb: string, body: object, text: string) => run(`/v1/incidents/${i.uid}/${verb}`, body, text);
  if (!mayChange()) return <p class="soft">This token may read. Changes need one with the role admin.</p>;
  return (
    <div class="deeds">
      <div class="buttons">
        {!resolved && i.status !== "acknowledged" && (
          <button type="button" class="primary" onClick={() => void act("acknowledge", {}, "Acknowledged.")}>
            Acknowledge
          </button>
        )}
        {!resolved && (
          <button type="button" class={i.status === "acknowledged" ? "primary" : ""} onClick={() => setOpen("resolve")}>
            Resolve…
          </button>
        )}
        {i.status === "resolved" && (
          <button type="button" onClick={() => void act("reopen", {}, "It is open again.")}>
            Reopen
          </button>
        )}
        <button type="button" onClick={() => setOpen("assign")}>
          Assign…
        </button>
        <button type="button" onClick={() => setOpen("comment")}>
          Comment…
        </button>
        {!resolved && (
          <button type="button" onClick={() => setOpen("silence")}>
            Silence…
          </button>
        )}
        <span role="status" class={said?.bad ? "fault-text" : "soft"}>
          {said?.text}
        </span>
      </div>
      {open === "resolve" && (
        <Dialog
          title="What was it?"
          close={() => setOpen(null)}
          submit="Resolve"
          done={(f) => act("resolve", { verdict: f.verdict, note: f.note ?? "" }, "Resolved.")}
        >
          {VERDICTS.map(([verdict, meaning], n) => (
            <label class="choice" key={verdict}>
              <input type="radio" name="verdict" value={verdict} defaultChecked={n === 0} />
              <span>
                <strong>{words(verdict)}</strong> {meaning}
              </span>
            </label>
          ))}
          <label>
            Note
            <textarea name="note" rows={2} maxLength={2000} />
          </label>
        </Dialog>
      )}
      {open === "comment" && (
        <Dialog
          title="Comment"
          close={() => setOpen(null)}
          submit="Save"
          done={(f) => act("comment", { note: f.note }, "Saved.")}
        >
          <label>
            Comment
            <textarea name="note" rows={3} maxLength={2000} required />
          </label>
        </Dialog>
      )}
      {open === "assign" && (
        <Dialog
          title="Assign to"
          close={() => setOpen(null)}
          submit="Assign"
          done={(f) =>
            act(
              "assign",
              { assignee: f.assignee || null },
              f.assignee ? `Assigned to ${f.assignee}.` : "Assigned to nobody.",
            )
          }
        >
          <label>
            Name or e-mail, empty for nobody
            <input name="assignee" defaultValue={i.assignee ?? ""} maxLength={200} />
          </label>
        </Dialog>
      )}
      {open === "silence" && (
        <Dialog
          title="Keep messages back"
          close={() => setOpen(null)}
          submit="Silence"
          done={(f) =>
            run(
              "/v1/silences",
              {
                matchers: String(f.matchers)
                  .split("\n")
                  .filter((m) => m.trim() !== ""),
                reason: f.reason,
                hours: Number(f.hours),
              },
              "Silenced. Incidents are still made and shown; nobody is told of them.",
            )
          }
        >
          <label>
            What it matches, a line each
            <textarea name="matchers" rows={3} required defaultValue={matchersOf(i).join("\n")} />
          </label>
          <label>
            For
            <select name="hours">
              <option value="1">1 hour</option>
              <option value="8">8 hours</option>
              <option value="24">1 day</option>
              <option value="168">7 days</option>
            </select>
          </label>
          <label>
            Why
            <input name="reason" required maxLength={500} />
          </label>
        </Dialog>
      )}
    </div>
  );
}

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, (c) => `\\${c}`)}"`;

/** As narrow as matchers can say it: the key by its name, else what it has in common with few. */
function matchersOf(i: IncidentDetail): string[] {
  const detections = i.detections.length === 1 ? [`detection=${quoted(i.detections[0] ?? "")}`] : [];
  if (i.key_name) return [`key_name=${quoted(i.key_name)}`];
  return [`provider=${quoted(i.provider)}`, ...(i.account ? [`account=${quoted(i.account)}`] : []), ...detections];
}

interface DialogProps {
  title: string;
  submit: string;
  close(): void;
  done(fields: Record<string, string>): void;
  children: ComponentChildren;
}

/** Dialog is the browser's own: it keeps the focus inside and closes with Escape. */
export function Dialog({ title, submit, close, done, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => ref.current?.showModal(), []);
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    done(Object.fromEntries([...new FormData(event.currentTarget as HTMLFormElement)].map(([k, v]) => [k, String(v)])));
  };
  return (
    <dialog ref={ref} onClose={close} aria-label={title}>
      <form onSubmit={send}>
        <h2>{title}</h2>
        {children}
        <div class="buttons">
          <button type="submit" class="primary">
            {submit}
          </button>
          <button type="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
}
