// Three players of Shaka's over the same segments in clear, each at its place of the time line.
const TYPE = "application/x-segments";
const NOTHING = {
  groupId: null,
  closeSegmentIndex: () => {},
  drmInfos: [],
  keyIds: new Set(),
  encrypted: false,
  language: "und",
  originalLanguage: null,
  label: null,
  primary: true,
  trickModeVideo: null,
  dependencyStream: null,
  emsgSchemeIdUris: null,
  roles: [],
  forced: false,
  channelsCount: null,
  audioSamplingRate: null,
  spatialAudio: false,
  closedCaptions: null,
  accessibilityPurpose: null,
  external: false,
  fastSwitching: false,
  isAudioMuxedInVideo: false,
  baseOriginalId: null,
  fullMimeTypes: new Set(),
  bandwidth: 600000,
};

class Parser {
  configure() {}
  stop() {
    return Promise.resolve();
  }
  update() {}
  onExpirationUpdated() {}
  onInitialVariantChosen() {}
  banLocation() {}
  setMediaElement() {}

  async start(uri) {
    const { codecs, segments } = await (await fetch(uri)).json();
    const first = new shaka.media.InitSegmentReference(
      () => [new URL("/peer/head", location.href).href],
      0,
      null,
      null,
    );
    const references = segments.map(
      ({ start_s, end_s, url }) =>
        new shaka.media.SegmentReference(
          start_s,
          end_s,
          () => [new URL(url, location.href).href],
          0,
          null,
          first,
          start_s,
          0,
          Infinity,
        ),
    );
    const timeline = new shaka.media.PresentationTimeline(null, 0);
    timeline.setStatic(true);
    timeline.setDuration(segments.at(-1).end_s);
    timeline.notifySegments(references);
    const video = {
      ...NOTHING,
      id: 1,
      originalId: "1",
      createSegmentIndex: () => Promise.resolve(),
      segmentIndex: new shaka.media.SegmentIndex(references),
      mimeType: "video/mp4",
      codecs,
      type: "video",
      fullMimeTypes: new Set([`video/mp4; codecs="${codecs}"`]),
      width: 640,
      height: 360,
      frameRate: 10,
    };
    const variant = {
      id: 1,
      language: "und",
      disabledUntilTime: 0,
      primary: true,
      audio: null,
      video,
      bandwidth: 600000,
      allowedByApplication: true,
      allowedByKeySystem: true,
      decodingInfos: [],
    };
    return {
      presentationTimeline: timeline,
      variants: [variant],
      textStreams: [],
      imageStreams: [],
      chapterStreams: [],
      offlineSessionIds: [],
      sequenceMode: false,
      ignoreManifestTimestampsInSegmentsMode: false,
      type: "UNKNOWN",
      serviceDescription: null,
      nextUrl: null,
      periodCount: 1,
      gapCount: 0,
      isLowLatency: false,
      startTime: null,
    };
  }
}

shaka.media.ManifestParser.registerParserByMime(TYPE, () => new Parser());
window.ready = Promise.all(
  [...document.querySelectorAll("video")].map(async (video) => {
    const player = new shaka.Player();
    await player.attach(video);
    await player.load("/peer/segments.json", 0, TYPE);
    return player;
  }),
);
