import { PEERS, type Peer } from "../peers.ts";
import { JPEG_2000 } from "./jpeg-2000.ts";
import { JPEG_XL } from "./jpeg-xl.ts";
import { THUMBHASH } from "./thumbhash.ts";

/** All that ZippyNet is measured against: sharp's codecs, and what development alone installs. */
export const REPORT_PEERS: readonly Peer[] = [...PEERS, JPEG_2000, ...JPEG_XL, THUMBHASH];
