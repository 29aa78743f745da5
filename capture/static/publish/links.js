/** Reads ICE servers from a Link header (RFC 9725 section 4.6; header syntax of RFC 8288). */

const LINK = /<([^>]+)>((?:\s*;\s*[\w-]+\s*=\s*(?:"[^"]*"|[^",;\s]+))*)/g;
const PARAMETER = /;\s*([\w-]+)\s*=\s*(?:"([^"]*)"|([^",;\s]+))/g;

/**
 * The servers whose relation is `ice-server`; other links are passed over.
 * @param {string} header
 * @returns {RTCIceServer[]}
 */
export function iceServers(header) {
  const servers = [];
  for (const [, url, tail] of header.matchAll(LINK)) {
    const parameters = new Map();
    for (const [, name, quoted, bare] of tail.matchAll(PARAMETER)) {
      parameters.set(name.toLowerCase(), quoted ?? bare);
    }
    if (parameters.get("rel") !== "ice-server") continue;
    /** @type {RTCIceServer} */
    const server = { urls: url };
    if (parameters.has("username")) server.username = parameters.get("username");
    if (parameters.has("credential")) server.credential = parameters.get("credential");
    servers.push(server);
  }
  return servers;
}
