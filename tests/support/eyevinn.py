"""The Eyevinn WHIP client as its makers publish it on npm, for a page that is no bundle."""

from tests.support.programs import MODULES, missing

# Node's modules in a page: each file is a function of module, exports and require.
REQUIRE = """(files) => {
  const loaded = {};
  const load = (name) => {
    if (!loaded[name]) {
      const module = (loaded[name] = { exports: {} });
      const folder = name.slice(0, name.lastIndexOf("/"));
      const path = (wanted) => (wanted.startsWith("./") ? `${folder}/${wanted.slice(2)}.js` : files[wanted]);
      const require = (wanted) => load(path(wanted));
      new Function("module", "exports", "require", files[name])(module, module.exports, require);
    }
    return loaded[name].exports;
  };
  window.WHIPClient = load(files["@eyevinn/whip-web-client"]).WHIPClient;
}"""


def sources() -> dict[str, str]:
    """The client and what it requires: path to source, and package to path of its entry."""
    entries = {
        "@eyevinn/whip-web-client": "@eyevinn/whip-web-client/dist/whip-client.js",
        "events": "events/events.js",
        "sdp-transform": "sdp-transform/lib/index.js",
    }
    if not (MODULES / entries["@eyevinn/whip-web-client"]).exists():
        missing("npm", "The Eyevinn WHIP client is not installed; `npm ci` brings it.")
    paths = [path for package in ("events", "sdp-transform/lib") for path in (MODULES / package).glob("*.js")]
    paths.append(MODULES / entries["@eyevinn/whip-web-client"])
    return entries | {path.relative_to(MODULES).as_posix(): path.read_text() for path in paths}
