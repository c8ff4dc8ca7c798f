// @ts-check
// Times in Japan's, as people say them.
const DAY = new Intl.DateTimeFormat("ja-JP-u-ca-japanese", { dateStyle: "long", timeZone: "Asia/Tokyo" });
const HOUR = new Intl.DateTimeFormat("ja-JP", { timeStyle: "short", timeZone: "Asia/Tokyo" });

/**
 * Write a day: 令和8年11月26日.
 * @param {string} instant
 */
export function day(instant) {
  return DAY.format(new Date(instant));
}

/**
 * Write an hour: 10:00.
 * @param {string} instant
 */
export function hour(instant) {
  return HOUR.format(new Date(instant));
}

/**
 * Write a day with its hour.
 * @param {string} instant
 */
export function time(instant) {
  return `${day(instant)} ${hour(instant)}`;
}

/**
 * Read a day and an hour as typed in Japan.
 * @param {string} date @param {string} clock
 */
export function instant(date, clock) {
  return `${date}T${clock}:00+09:00`;
}
