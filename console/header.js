// @ts-check
// The top of every page: whose console it is, which workgroup, who is signed in.

import { html } from "./vendor/htm-preact-standalone.js";
import { HOME, ordersOf, packsOf } from "./route.js";
import { KINDS, ROLES, worded } from "./words.js";

/**
 * @import { Me, Membership } from "./api.js"
 * @import { Route } from "./route.js"
 * @import { Session } from "./session.js"
 */

/** Who reads orders, by role; the API decides, this only spares others a link that leads nowhere. */
const ORDER_READERS = ["administrator", "manager"];

/**
 * @param {{session?: Session | null, me?: Me, membership?: Membership, route?: Route, signOut: () => void}} props
 *   `membership`: in the workgroup that the page is about, if any.
 */
export function Header({ session, me, membership, route, signOut }) {
  return html`
    <header class="bar">
      <button type="button" class="skip" onClick=${() => document.getElementById("main")?.focus()}>
        Skip to the content
      </button>
      <a class="brand" href=${HOME}>
        <img src="icon.svg" alt="" width="28" height="28" />
        Packhouse
      </a>
      ${membership &&
      html`
        <p class="where">
          <span class="name">${membership.name}</span>
          ${me && me.workgroups.length > 1 && html`<a href=${HOME}>Switch workgroup</a>`}
        </p>
      `}
      ${membership &&
      ORDER_READERS.includes(membership.role) &&
      html`<${Places} workgroupId=${membership.workgroup_id} page=${route?.page} />`}
      ${session &&
      html`
        <p class="who">
          <span class="name">${session.name}</span>
          ${me && html`<span class="role">${membership ? worded(ROLES, membership.role) : worded(KINDS, me.kind)}</span>`}
        </p>
        <button type="button" class="quiet out" onClick=${signOut}>Sign out</button>
      `}
    </header>
  `;
}

/** @param {{workgroupId: string, page?: string}} props */
function Places({ workgroupId, page }) {
  const within = page === "order" ? "true" : undefined; // An order is one of them, not the list itself.
  return html`
    <nav class="places" aria-label="Workgroup">
      <a href=${packsOf(workgroupId)} aria-current=${page === "packs" ? "page" : undefined}>Packs</a>
      <a href=${ordersOf(workgroupId)} aria-current=${page === "orders" ? "page" : within}>Orders</a>
    </nav>
  `;
}
