/**
 * The cryptography and the wire format of private sharing
 * (spec/private-sharing.md), and the ids and signatures of mailboxes
 * (spec/mailbox.md §1, §2): what internal/seal is in Go, on the same vectors. Pure:
 * no network, no storage, no clock.
 */
export {
  base64url, compare, concat, equal, expand, extract, hash, hex, hmac, newHMAC, unbase64url, unhex, utf8, type Random,
} from "./octets.ts";
export { decode, encode, Raw, type Fieldset, type Value } from "./cbor.ts";
export { Fields, omitEmpty, record } from "./fields.ts";
export {
  backupKey, deviceOf, epochOf, newDeviceKey, newEpoch, newID, newSeed, publicKey, publicOf, rootSeed, sign, verify,
  type Signer,
} from "./key.ts";
export { checkXWing, encSize, publicSize } from "./xwing.ts";
export {
  contextFrom, contextOf, contextValue, newNoticeContext, newSendContext, openContext, other, relationOf, sideOf,
  type Context, type Side,
} from "./context.ts";
export { open, openNew, peek, putID, room, seal } from "./envelope.ts";
export { encodeMessage, parseMessage } from "./message.ts";
export {
  encodeAsk, encodeContexts, encodeOctets, encodePurge, encodePurged, encodeQueues, encodeResponse, encodeWhere,
  parseAsk, parseContexts, parseOctets, parsePurge, parsePurged, parseQueues, parseResponse, parseWhere,
  type Purge, type Purged, type Response, type SharedContext, type Where,
} from "./bodies.ts";
export {
  checkChunks, chunkRoom, chunkSize, chunkSizes, eraseHash, maxChunked, maxInline, newChunkRef, openChunk, sealChunk,
  type ChunkRef, type Chunks,
} from "./chunk.ts";
export { cipherKey, gcmOpen, gcmSeal, sizes } from "./padded.ts";
export {
  contactQueue, expired, invitationFragment, invitationID, invitationOctets, newInvitation, parseInvitation, veil,
  type Invitation,
} from "./invitation.ts";
export { checkQueues, newOwn, type Own, type Party } from "./party.ts";
export { makeJoin, makeWelcome, openJoin, openWelcome, type Join, type Joining, type Meeting } from "./join.ts";
export { safetyCode } from "./safety.ts";
export { answerRekey, finishRekey, makeRekey, rekeyedTo, rekeyWins, type Rekeying } from "./rekey.ts";
export {
  householdOf, openFile, openTo, ownQueue, ownRelation, ownRoot, rosterQueue, sealFile, sealTo, type OwnSide,
} from "./own.ts";
export { signedInput, signMap, verifyMap } from "./sign.ts";
export {
  epochFrom, epochValue, joinFrom, joinValue, mailboxesFrom, mailboxesValue, mailboxFrom, mailboxValue, ownFrom, ownValue,
  rekeyingFrom, rekeyingValue, relationFrom, relationValue,
} from "./records.ts";
export { cutRelay, recipientID, senderID, signCommand, signPut, type Place } from "./relay.ts";
