// @ts-check
// Who is signed in, for as long as the tab is open: sessionStorage and nothing that outlives it.

/** @typedef {{name: string, token: string}} Session */

const KEPT_AS = "packhouse.session";

/** @returns {Session | null} */
export function kept() {
  try {
    const { name, token } = JSON.parse(sessionStorage.getItem(KEPT_AS) ?? "{}");
    return typeof name === "string" && typeof token === "string" ? { name, token } : null;
  } catch {
    return null; // Not written by us.
  }
}

/** @param {Session} session */
export function keep({ name, token }) {
  sessionStorage.setItem(KEPT_AS, JSON.stringify({ name, token }));
}

export function forget() {
  sessionStorage.removeItem(KEPT_AS);
}
