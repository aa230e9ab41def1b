// @ts-check
// Which workgroup: the choice for who has several, and a clear word for who has none.

import { html, useEffect } from "./vendor/htm-preact-standalone.js";
import { Page } from "./parts.js";
import { goOnTo, packsOf } from "./route.js";
import { ROLES, worded } from "./words.js";

/** @import { Me } from "./api.js" */

/** @type {Record<string, [string, string]>} */
const WITHOUT = {
  operator: [
    "You are signed in as an operator.",
    "Operators belong to no workgroup, so there are no packs to show here. The operator's own pages aren't built yet.",
  ],
  platform_worker_key: [
    "You are signed in with a platform worker key.",
    "It starts and settles runs in every workgroup through the API, but belongs to none and reads no packs.",
  ],
};
const MEMBER_OF_NONE = [
  "You aren't a member of any workgroup.",
  "An administrator of a workgroup can make you a member of it; then its packs are shown here.",
];

/** @param {{me: Me, signOut: () => void}} props */
export function Workgroups({ me, signOut }) {
  const only = me.workgroups.length === 1 ? me.workgroups[0].workgroup_id : undefined;
  useEffect(() => {
    if (only) goOnTo(packsOf(only));
  }, [only]);
  if (only) return null;
  return me.workgroups.length ? html`<${Choice} me=${me} />` : html`<${None} me=${me} signOut=${signOut} />`;
}

/** @param {{me: Me}} props */
function Choice({ me }) {
  return html`
    <${Page} heading="Choose a workgroup" narrow>
      <ul class="personas panel">
        ${me.workgroups.map(
          ({ workgroup_id, name, role }) => html`
            <li key=${workgroup_id}>
              <a class="persona" href=${packsOf(workgroup_id)}>
                <span class="initial" aria-hidden="true">${name.slice(0, 1)}</span>
                <span class="name">${name}</span>
                <span class="role">${worded(ROLES, role)}</span>
                <span class="workgroup">${workgroup_id}</span>
              </a>
            </li>
          `,
        )}
      </ul>
    <//>
  `;
}

/** @param {{me: Me, signOut: () => void}} props */
function None({ me, signOut }) {
  const [what, why] = WITHOUT[me.kind] ?? MEMBER_OF_NONE;
  return html`
    <${Page} heading="No workgroup" narrow>
      <div class="panel empty">
        <p class="what">${what}</p>
        <p>${why}</p>
        <p class="actions"><button type="button" onClick=${signOut}>Sign in as somebody else</button></p>
      </div>
    <//>
  `;
}
