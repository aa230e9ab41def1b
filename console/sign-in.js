// @ts-check
// Signing in: on a local stack as one of its personas. Through the user pool: not built yet.

import { html, useState } from "./vendor/htm-preact-standalone.js";
import { useAnswer } from "./answers.js";
import { ask } from "./api.js";
import { Failed, Page, Waiting } from "./parts.js";
import { ROLES, worded } from "./words.js";

/**
 * @import { Persona, Problem } from "./api.js"
 * @import { Session } from "./session.js"
 */

/**
 * @param {{ended?: Problem, signIn: (session: Session) => void}} props
 *   `ended` is why an earlier sign-in is over, unless the person ended it.
 */
export function SignIn({ ended, signIn }) {
  const [turn, setTurn] = useState(0);
  const { waiting, value, problem } = useAnswer((signal) => ask("/dev/personas", { signal }), [turn]);
  return html`
    <${Page} heading="Sign in" narrow>
      ${ended && html`<p class="notice" role="alert">Your sign-in has ended. ${ended.detail} Sign in again.</p>`}
      ${value && html`<${Personas} personas=${value.personas} signIn=${signIn} />`}
      ${problem && problem.status !== 404 && html`<${Failed} problem=${problem} again=${() => setTurn(turn + 1)} />`}
      ${problem?.status === 404 && html`<${NotBuilt} />`}
      ${waiting && !value && html`<${Waiting} what="Looking for the personas of a local stack…" />`}
    <//>
  `;
}

/** @param {{personas: Persona[], signIn: (session: Session) => void}} props */
function Personas({ personas, signIn }) {
  return html`
    <p class="lead">This is a local stack. Pick a persona to sign in; no password is needed.</p>
    <ul class="personas panel" aria-label="Personas">
      ${personas.map(
        (persona) => html`
          <li key=${persona.name}>
            <button type="button" class="persona" onClick=${() => signIn(persona)}>
              <span class="initial" aria-hidden="true">${persona.name.slice(0, 1)}</span>
              <span class="name">${persona.name}</span>
              <span class="role">${worded(ROLES, persona.role)}</span>
              <span class="workgroup">${persona.workgroup_id ?? "no workgroup"}</span>
            </button>
          </li>
        `,
      )}
    </ul>
  `;
}

function NotBuilt() {
  return html`
    <div class="panel empty">
      <p class="what">Sign-in through the user pool isn't built yet.</p>
      <p>
        This console is deployed, and can't sign anybody in so far. On a local stack (<code>make run</code>) you pick a
        persona here; the API takes access tokens and API keys already.
      </p>
    </div>
  `;
}
