// @ts-check
// The console: who is signed in, where they are, and the page for it.

import { html, render, useErrorBoundary, useMemo, useState } from "./vendor/htm-preact-standalone.js";
import { useAnswer } from "./answers.js";
import { apiFor } from "./api.js";
import { Header } from "./header.js";
import { OrderPage } from "./order.js";
import { OrdersPage } from "./orders.js";
import { PacksPage } from "./packs.js";
import { Failed, Page, Waiting } from "./parts.js";
import { HOME, takeBack, useRoute } from "./route.js";
import { forget, keep, kept } from "./session.js";
import { SignIn } from "./sign-in.js";
import { Workgroups } from "./workgroups.js";
import { KINDS, worded } from "./words.js";

/**
 * @import { Me, Problem } from "./api.js"
 * @import { Session } from "./session.js"
 */

function Console() {
  const [session, setSession] = useState(kept);
  const [ended, setEnded] = useState(/** @type {Problem | undefined} */ (undefined));
  const [status, say] = useState("");
  const [broken] = useErrorBoundary((error) => console.error(error));

  /** @param {Session} chosen */
  const signIn = (chosen) => {
    keep(chosen);
    setEnded(undefined);
    setSession(chosen);
  };
  /**
   * @param {Problem} [problem] why, unless the person wanted it
   * @param {boolean} [stay] whether the next sign-in comes back to this place
   */
  const signOut = (problem, stay = Boolean(problem)) => {
    forget();
    if (!stay) location.hash = HOME;
    say(problem ? "" : "Signed out.");
    setEnded(problem);
    setSession(null);
  };
  return html`
    <p class="unseen" role="status">${status}</p>
    ${broken && html`<${Broken} />`}
    ${!broken && session && html`<${Desk} key=${session.token} session=${session} signOut=${signOut} say=${say} />`}
    ${!broken && !session && html`<${Header} signOut=${signOut} /><${SignIn} ended=${ended} signIn=${signIn} />`}
  `;
}

/**
 * @param {{
 *   session: Session, signOut: (problem?: Problem, stay?: boolean) => void, say: (status: string) => void,
 * }} props
 */
function Desk({ session, signOut, say }) {
  const route = useRoute();
  const [turn, setTurn] = useState(0);
  const api = useMemo(() => apiFor(session.token, signOut), []);
  /** @type {import("./answers.js").Answer<Me>} */
  const { value: me, problem } = useAnswer((signal) => api.get("/v1/me", signal), [turn]);
  const leave = () => signOut();
  const makeWay = () => signOut(undefined, true); // For somebody else, who may see what is here.
  const workgroupId = "workgroupId" in route ? route.workgroupId : undefined;
  const membership = me?.workgroups.find((each) => each.workgroup_id === workgroupId);
  const about = { api, workgroupId, name: membership?.name, signOut: makeWay, say };
  return html`
    <${Header} session=${session} me=${me} membership=${membership} route=${route} signOut=${leave} />
    ${!me && !problem && html`<main id="main" class="page" tabindex="-1"><${Waiting} what="Signing in…" /></main>`}
    ${problem &&
    html`
      <${Page} heading="Signing in failed" narrow>
        <${Failed} problem=${problem} again=${() => setTurn(turn + 1)} signOut=${leave} />
      <//>
    `}
    ${me && route.page === "home" && html`<${Workgroups} me=${me} signOut=${leave} />`}
    ${me && route.page === "unknown" && html`<${Unknown} />`}
    ${me &&
    route.page === "packs" &&
    html`<${PacksPage} key=${workgroupId} ...${about} filters=${route.filters} />`}
    ${me &&
    route.page === "orders" &&
    html`<${OrdersPage} key=${workgroupId} ...${about} status=${route.status} />`}
    ${me &&
    route.page === "order" &&
    html`
      <${OrderPage} key=${`${workgroupId} ${route.orderId} ${route.outcome}`} ...${about} me=${me} orderId=${route.orderId}
        outcome=${route.outcome} />
    `}
    ${me && html`<${Footer} me=${me} workgroupId=${membership?.workgroup_id} />`}
  `;
}

/** @param {{me: Me, workgroupId?: string}} props */
function Footer({ me, workgroupId }) {
  return html`
    <footer class="foot">
      <dl>
        ${workgroupId && html`<div><dt>Workgroup</dt><dd><code>${workgroupId}</code></dd></div>`}
        <div><dt>${worded(KINDS, me.kind)}</dt><dd><code>${me.principal}</code></dd></div>
      </dl>
    </footer>
  `;
}

function Unknown() {
  return html`
    <${Page} heading="No such page" narrow>
      <div class="panel empty">
        <p>The console has no page at this address.</p>
        <p class="actions"><a class="button" href=${HOME}>Go to your workgroup</a></p>
      </div>
    <//>
  `;
}

function Broken() {
  return html`
    <${Page} heading="The console stopped" narrow>
      <div class="failed" role="alert">
        <p>Something in this page doesn't work, and that's our fault. Nothing was changed.</p>
        <p class="actions"><button type="button" onClick=${() => location.reload()}>Load the console again</button></p>
      </div>
    <//>
  `;
}

takeBack();
const root = document.getElementById("console");
if (root) render(html`<${Console} />`, root);
