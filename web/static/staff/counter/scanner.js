// @ts-check
// Reads QR codes from the camera: by the browser's own detector, else by a library.
const EVERY = 150;
let inView = "";

/**
 * Show the camera in a video and call `found` with each code that comes into view, once; return how to stop it.
 * @param {HTMLVideoElement} video @param {(text: string) => void} found
 */
export async function scan(video, found) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  video.srcObject = stream;
  await video.play();
  const detector = await detectorOf();
  let stopped = false;
  const look = async () => {
    if (stopped) return;
    const codes = video.readyState >= 2 ? await detector.detect(video).catch(() => []) : [];
    const text = codes[0]?.rawValue ?? "";
    if (stopped) return;
    const isNew = text && text !== inView;
    inView = text;
    if (isNew) found(text);
    setTimeout(look, EVERY);
  };
  look();
  return () => {
    stopped = true;
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
}

/** @returns {Promise<{ detect(video: HTMLVideoElement): Promise<{ rawValue: string }[]> }>} */
async function detectorOf() {
  const own = /** @type {any} */ (globalThis).BarcodeDetector;
  if ((await own?.getSupportedFormats().catch(() => []))?.includes("qr_code")) return new own({ formats: ["qr_code"] });
  const { BarcodeDetector } = await import("../../vendor/qr/decode.js");
  return new BarcodeDetector({ formats: ["qr_code"] });
}
