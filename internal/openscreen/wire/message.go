package wire

// Key is the type key of a message.
type Key uint64

// The type keys (network protocol, appendix A; application protocol, appendix A;
// Local Peer-to-Peer API, appendix A; spec/local-peer-to-peer.md).
const (
	KeyInfoRequest        Key = 10
	KeyInfoResponse       Key = 11
	KeyStatusRequest      Key = 12
	KeyStatusResponse     Key = 13
	KeyDataFrame          Key = 24
	KeyTransportStream    Key = 50
	KeyTransportDatagram  Key = 51
	KeyInfoEvent          Key = 120
	KeyAuthCapabilities   Key = 1001
	KeyAuthConfirmation   Key = 1003
	KeyAuthStatus         Key = 1004
	KeyAuthHandshake      Key = 1005
	KeyChannelRequest     Key = 1101
	KeyChannelResponse    Key = 1102
	KeyRecognition        Key = 8210
	KeyTransportRequest   Key = 8211
	KeyTransportResponse  Key = 8212
	KeyTransportClose     Key = 8213
	KeyLegacyNeedsCode    Key = 99001
	mostCapabilities          = 64
	mostLocales               = 16
	mostDisplayName           = 1024
	mostShort                 = 256
	mostPublicValue           = 256
	mostConfirmationValue     = 128
)

// InfoRequest asks for an agent-info.
type InfoRequest struct {
	ID uint64 `cbor:"0,keyasint"`
}

// AgentInfo is what an agent says of itself.
type AgentInfo struct {
	DisplayName  string   `cbor:"0,keyasint"`
	Model        string   `cbor:"1,keyasint,omitempty"`
	Capabilities []uint64 `cbor:"2,keyasint"`
	StateToken   string   `cbor:"3,keyasint"`
	Locales      []string `cbor:"4,keyasint"`
}

// InfoResponse answers an InfoRequest.
type InfoResponse struct {
	ID   uint64    `cbor:"0,keyasint"`
	Info AgentInfo `cbor:"1,keyasint"`
}

// InfoEvent tells of a changed agent-info.
type InfoEvent struct {
	Info AgentInfo `cbor:"0,keyasint"`
}

// StatusRequest keeps a session alive.
type StatusRequest struct {
	ID uint64 `cbor:"0,keyasint"`
}

// StatusResponse answers a StatusRequest.
type StatusResponse struct {
	ID uint64 `cbor:"0,keyasint"`
}

// AuthCapabilities tells how codes can be brought in.
type AuthCapabilities struct {
	Ease    uint64   `cbor:"0,keyasint"`
	Methods []uint64 `cbor:"1,keyasint"`
	Bits    uint64   `cbor:"2,keyasint"`
}

// Token is an auth-initiation-token.
type Token struct {
	Token *string `cbor:"0,keyasint,omitempty"`
}

// PSKStatus is where the code is (auth-spake2-psk-status).
type PSKStatus uint64

// Where the code is.
const (
	NeedsPresentation PSKStatus = 0
	Shown             PSKStatus = 1
	Input             PSKStatus = 2
)

// AuthHandshake carries a public value of SPAKE2.
type AuthHandshake struct {
	Token  Token     `cbor:"0,keyasint"`
	Status PSKStatus `cbor:"1,keyasint"`
	Public []byte    `cbor:"2,keyasint"`
}

// AuthConfirmation carries a confirmation of SPAKE2.
type AuthConfirmation struct {
	Value []byte `cbor:"0,keyasint"`
}

// AuthResult is how an authentication went.
type AuthResult uint64

// How an authentication can go.
const (
	Authenticated      AuthResult = 0
	UnknownError       AuthResult = 1
	Timeout            AuthResult = 2
	SecretUnknown      AuthResult = 3
	ValidationTooLong  AuthResult = 4
	ProofInvalid       AuthResult = 5
	mostAuthResultKnow            = 5
)

// AuthStatus tells how an authentication went.
type AuthStatus struct {
	Result AuthResult `cbor:"0,keyasint"`
}

// Result is the general outcome of a request (application protocol, "result").
type Result uint64

// Outcomes of requests.
const (
	Success        Result = 1
	TransientError Result = 101
	PermanentError Result = 102
	Terminating    Result = 103
)

// ChannelRequest asks to make a data channel of the stream it is sent on.
type ChannelRequest struct {
	ID       uint64 `cbor:"0,keyasint"`
	Channel  uint64 `cbor:"1,keyasint"`
	Label    string `cbor:"2,keyasint"`
	Protocol string `cbor:"3,keyasint"`
}

// ChannelResponse answers a ChannelRequest on the same stream.
type ChannelResponse struct {
	ID     uint64 `cbor:"0,keyasint"`
	Result Result `cbor:"1,keyasint"`
}

// DataFrame is a message of a data channel.
type DataFrame struct {
	Encoding uint64 `cbor:"0,keyasint"`
	Payload  []byte `cbor:"4,keyasint"`
}

// Recognition tells the peer whether it is known from before.
type Recognition struct {
	Known bool `cbor:"0,keyasint"`
}

// TransportRequest asks to open a transport.
type TransportRequest struct {
	Transport uint64 `cbor:"0,keyasint"`
	Protocol  string `cbor:"1,keyasint"`
}

// TransportResponse answers a TransportRequest.
type TransportResponse struct {
	Transport uint64 `cbor:"0,keyasint"`
	Result    Result `cbor:"1,keyasint"`
}

// TransportClose ends a transport.
type TransportClose struct {
	Transport uint64 `cbor:"0,keyasint"`
	Code      uint64 `cbor:"1,keyasint"`
	Reason    string `cbor:"2,keyasint"`
}

// LegacyNeedsCode is what an early implementation sends in place of a handshake
// that needs presentation.
type LegacyNeedsCode struct {
	Token string `cbor:"0,keyasint"`
}

// fresh returns a new message of a key, nil for a key that is not known.
func fresh(k Key) any {
	switch k {
	case KeyInfoRequest:
		return new(InfoRequest)
	case KeyInfoResponse:
		return new(InfoResponse)
	case KeyStatusRequest:
		return new(StatusRequest)
	case KeyStatusResponse:
		return new(StatusResponse)
	case KeyDataFrame:
		return new(DataFrame)
	case KeyInfoEvent:
		return new(InfoEvent)
	case KeyAuthCapabilities:
		return new(AuthCapabilities)
	case KeyAuthConfirmation:
		return new(AuthConfirmation)
	case KeyAuthStatus:
		return new(AuthStatus)
	case KeyAuthHandshake:
		return new(AuthHandshake)
	case KeyChannelRequest:
		return new(ChannelRequest)
	case KeyChannelResponse:
		return new(ChannelResponse)
	case KeyRecognition:
		return new(Recognition)
	case KeyTransportRequest:
		return new(TransportRequest)
	case KeyTransportResponse:
		return new(TransportResponse)
	case KeyTransportClose:
		return new(TransportClose)
	case KeyLegacyNeedsCode:
		return new(LegacyNeedsCode)
	}
	return nil
}

// keyOf returns the key of a message, 0 for what is none.
func keyOf(m any) Key {
	switch m.(type) {
	case *InfoRequest:
		return KeyInfoRequest
	case *InfoResponse:
		return KeyInfoResponse
	case *StatusRequest:
		return KeyStatusRequest
	case *StatusResponse:
		return KeyStatusResponse
	case *DataFrame:
		return KeyDataFrame
	case *InfoEvent:
		return KeyInfoEvent
	case *AuthCapabilities:
		return KeyAuthCapabilities
	case *AuthConfirmation:
		return KeyAuthConfirmation
	case *AuthStatus:
		return KeyAuthStatus
	case *AuthHandshake:
		return KeyAuthHandshake
	case *ChannelRequest:
		return KeyChannelRequest
	case *ChannelResponse:
		return KeyChannelResponse
	case *Recognition:
		return KeyRecognition
	case *TransportRequest:
		return KeyTransportRequest
	case *TransportResponse:
		return KeyTransportResponse
	case *TransportClose:
		return KeyTransportClose
	case *LegacyNeedsCode:
		return KeyLegacyNeedsCode
	}
	return 0
}
