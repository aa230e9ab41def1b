// @ts-check
// Dates as a workgroup reads them: in its zone, `24 Nov 2026`.

const DAY_MS = 86_400_000;
const DAYS_TOLD_MAX = 60;
const DAYS_OF_A_MONTH = 365.2425 / 12;
const MONTHS_TOLD_MAX = 24;
const RELATIVE = new Intl.RelativeTimeFormat("en-US", { numeric: "auto" });

/**
 * @param {string} zone
 * @returns {boolean} whether this browser knows the IANA zone
 */
export function isKnown(zone) {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {Date} at
 * @param {string} zone
 */
export function day(at, zone) {
  const { day, month, year } = parts(at, { day: "numeric", month: "short", year: "numeric", timeZone: zone });
  return `${day} ${month} ${year}`;
}

/**
 * "05:29".
 * @param {Date} at
 * @param {string} zone
 */
export function time(at, zone) {
  const { hour, minute } = parts(at, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
  return `${hour}:${minute}`;
}

/**
 * How far a day is from today, both as the zone counts days: "today", "in 16 days", "in 11 months", "2 years ago".
 * @param {Date} at
 * @param {Date} now
 * @param {string} zone
 */
export function distance(at, now, zone) {
  const days = daysUntil(at, now, zone);
  if (Math.abs(days) <= DAYS_TOLD_MAX) return RELATIVE.format(days, "day");
  const months = Math.round(days / DAYS_OF_A_MONTH);
  if (Math.abs(months) < MONTHS_TOLD_MAX) return RELATIVE.format(months, "month");
  return RELATIVE.format(Math.round(months / 12), "year");
}

/**
 * @param {Date} at
 * @param {Date} now
 * @param {string} zone
 */
export function daysUntil(at, now, zone) {
  return dayNumber(at, zone) - dayNumber(now, zone);
}

/**
 * Consecutive for consecutive days of the zone, whatever its clocks do.
 * @param {Date} at
 * @param {string} zone
 */
function dayNumber(at, zone) {
  const { day, month, year } = parts(at, { day: "numeric", month: "numeric", year: "numeric", timeZone: zone });
  return Date.UTC(Number(year), Number(month) - 1, Number(day)) / DAY_MS;
}

/**
 * @param {Date} at
 * @param {Intl.DateTimeFormatOptions} options
 * @returns {Record<string, string>}
 */
function parts(at, options) {
  const found = new Intl.DateTimeFormat("en-US", options).formatToParts(at);
  return Object.fromEntries(found.map((part) => [part.type, part.value]));
}
