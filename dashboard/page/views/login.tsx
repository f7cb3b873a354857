import { useState } from "preact/hooks";
import { signIn } from "../api.ts";
import { useTitle } from "../hooks.ts";

/** Login takes a token once; what stays in the browser is a cookie that no script can read. */
export function Login() {
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  useTitle("Sign in");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const token = new FormData(event.currentTarget as HTMLFormElement).get("token");
    setBusy(true);
    signIn(String(token))
      .catch((e: Error) => setError(e.message))
      .finally(() => setBusy(false));
  };
  return (
    <main class="login">
      <form onSubmit={submit}>
        <h1>keywatch</h1>
        <p class="soft">Sign in with a token of `http.tokens` in keywatch.yaml that has the role read or admin.</p>
        <label>
          Token
          <input name="token" type="password" autocomplete="current-password" required />
        </label>
        {error && (
          <p class="fault" role="alert">
            {error}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy}>
          Sign in
        </button>
      </form>
    </main>
  );
}
