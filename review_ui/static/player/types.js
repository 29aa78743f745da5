/**
 * What the server tells the player: `GET /sessions/{id}/timeline.json`. All times are integer
 * milliseconds since the session's start, unless a name says otherwise.
 *
 * @typedef {"webcam" | "phone" | "screen"} StreamName
 *
 * @typedef {object} TakeData
 * @property {number} number
 * @property {string} media_type  what MediaSource is told, e.g. `video/mp4; codecs="avc1.42e01f,opus"`
 * @property {number} start_ms
 * @property {number | null} end_ms
 * @property {string | null} end_cause
 *
 * @typedef {object} SegmentData  one stored piece that plays alone; its own timestamps start at 0
 * @property {number} n  its place in the stream; `/media/{session}/{stream}/{n}`
 * @property {number} take
 * @property {number} start_ms
 * @property {number} duration_ms
 * @property {number} bytes
 * @property {boolean} late
 *
 * @typedef {object} RunData  segments that follow one another; `n` and `start_ms` are the first's
 * @property {number} n
 * @property {number} take
 * @property {number} start_ms
 * @property {boolean} late
 * @property {number[]} durations_ms
 * @property {number[]} bytes
 *
 * @typedef {object} GapData
 * @property {number} start_ms
 * @property {number | null} end_ms  null while it lasts
 * @property {"network" | "device" | "candidate" | "server"} reason
 * @property {string} cause
 * @property {"all" | "picture" | "sound"} [part]  what is missing; `all` when absent: there is no segment
 *
 * @typedef {object} StreamData
 * @property {StreamName} stream
 * @property {"open" | "retained" | "erasing" | "erased"} state
 * @property {TakeData[]} takes
 * @property {RunData[]} runs  of the segments that the page does not have yet
 * @property {GapData[]} gaps
 *
 * @typedef {object} FlagData
 * @property {string} id
 * @property {number} start_ms
 * @property {number} end_ms  equal to start_ms for an instant
 * @property {"rule" | "proctor" | "candidate"} source
 * @property {string} title  what happened, in the words of who raised it
 * @property {string} category
 * @property {string} severity
 * @property {string} note
 * @property {"open" | "confirmed" | "dismissed"} state
 * @property {string} by
 *
 * @typedef {object} SessionData
 * @property {string} id
 * @property {string} ref
 * @property {string} exam
 * @property {string} state
 * @property {string | null} started_at  RFC 3339, UTC
 * @property {string | null} ended_at
 * @property {string} zone  IANA name of the exam's civil time zone
 * @property {number} duration_ms
 * @property {boolean} live
 *
 * @typedef {object} LogData
 * @property {"activity" | "answers"} log
 * @property {"open" | "retained" | "erasing" | "erased"} state
 * @property {number} entries
 *
 * @typedef {object} LogEntry  one entry of `GET /sessions/{id}/logs/{log}.json`; activity has a type, an
 *   answer none
 * @property {string} id
 * @property {number} ms
 * @property {string} [type]
 * @property {number} [chars]
 * @property {number} [count]
 * @property {boolean | null} [extended]
 * @property {number} [by_ms]
 * @property {string} [stream]
 * @property {string} [cause]
 * @property {string} [url]
 * @property {string} [title]
 * @property {string} [name]
 * @property {{ id: string, definition?: { name?: Record<string, string> } }} [object]
 * @property {{ response?: string | null }} [result]
 *
 * @typedef {object} SignalsHead  a stream of which something was measured
 * @property {StreamName} stream
 * @property {"open" | "retained" | "erasing" | "erased"} state
 * @property {number} sheets
 *
 * @typedef {object} SignalData  what a detector measured beyond its threshold; `value` is the furthest beyond
 * @property {string} kind
 * @property {string} detector
 * @property {number} version
 * @property {number} threshold
 * @property {string} unit
 * @property {number} value
 * @property {number} start_ms
 * @property {number} end_ms
 *
 * @typedef {object} StreamSignals  `GET /sessions/{id}/signals/{stream}.json`
 * @property {StreamName} stream
 * @property {SignalData[]} signals
 * @property {{ n: number, start_ms: number, end_ms: number }[]} sheets
 *
 * @typedef {object} Thumbnail  one of `GET /sessions/{id}/signals/{stream}/{n}.json`; the JPEG in base64
 * @property {number} ms
 * @property {string} jpeg
 *
 * @typedef {object} TimelineData
 * @property {SessionData} session
 * @property {StreamData[]} streams
 * @property {FlagData[]} flags
 * @property {LogData[]} logs
 * @property {SignalsHead[]} signals
 */

export {};
