// @ts-check
// The top of every page: whose console it is, which workgroup, who is signed in.

import { html } from "./vendor/htm-preact-standalone.js";
import { HOME } from "./route.js";
import { KINDS, ROLES, worded } from "./words.js";

/**
 * @import { Me, Membership } from "./api.js"
 * @import { Session } from "./session.js"
 */

/**
 * @param {{session?: Session | null, me?: Me, membership?: Membership, signOut: () => void}} props
 *   `membership`: in the workgroup that the page is about, if any.
 */
export function Header({ session, me, membership, signOut }) {
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
