// Packed data in the page: base64-encoded gzip, each in its own element.

/** The bytes in an element: base64, of gzip unless `plain`. @param {string} id */
export async function unpack(id, { plain = false } = {}) {
  const text = document.getElementById(id).textContent;
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  // A callback per byte would take ten times as long.
  for (let at = 0; at < bytes.length; at++) bytes[at] = characters.charCodeAt(at);
  return plain ? bytes : inflate(bytes, 'gzip');
}

/** The JSON in an element. @param {string} id */
export async function unpackJson(id) {
  return JSON.parse(new TextDecoder().decode(await unpack(id)));
}

/** Bytes unpacked by the browser. @param {Uint8Array} bytes @param {'gzip'|'deflate'} format */
export async function inflate(bytes, format) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
