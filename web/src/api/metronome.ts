/**
 * Ticks four times a second. In a worker, because a browser slows the timers of a page that is not in front, but
 * not a worker's.
 */

setInterval(() => postMessage(0), 250);
