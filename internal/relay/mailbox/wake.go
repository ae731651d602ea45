package mailbox

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// wakeEvery is how often a queue's recipient is woken at most, wakers how many
// are at a time, and wakeQueue how many wait; more are left asleep, since a
// message wakes no worse than the one before it.
const (
	wakeEvery = time.Minute
	wakers    = 8
	wakeQueue = 4096
)

// waker wakes recipients by Web Push (RFC 8030) without content, signed by VAPID
// (RFC 8292).
type waker struct {
	key     *ecdsa.PrivateKey
	public  []byte // as browsers take it: an uncompressed point
	contact string
	private bool
	store   queue.Store
	web     *http.Client
	log     *slog.Logger

	todo chan queue.ID

	mu    sync.Mutex
	woken map[queue.ID]time.Time
	count struct{ sent, failed int64 }
}

func newWaker(o *Options, out *http.Client) (*waker, error) {
	seed, err := o.derive("push")
	if err != nil {
		return nil, err
	}
	key, err := vapidKey(seed)
	if err != nil {
		return nil, err
	}
	public, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("write the key for Web Push: %w", err)
	}
	return &waker{
		key: key, public: public, contact: o.Contact, private: o.Private, store: o.Store, web: out, log: o.Log,
		todo: make(chan queue.ID, wakeQueue), woken: map[queue.ID]time.Time{},
	}, nil
}

// vapidKey makes a P-256 key from a seed, always the same.
func vapidKey(seed []byte) (*ecdsa.PrivateKey, error) {
	n := new(big.Int).Sub(elliptic.P256().Params().N, big.NewInt(1))
	sum := sha256.Sum256(seed)
	d := new(big.Int).SetBytes(append(sum[:], seed...)) // 512 bits: no bias to speak of
	d.Mod(d, n).Add(d, big.NewInt(1))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d.FillBytes(make([]byte, 32)))
	if err != nil {
		return nil, fmt.Errorf("make the key for Web Push: %w", err)
	}
	return key, nil
}

// endpoint is what is needed of a subscription: without content its keys are
// not.
func (k *waker) endpoint(subscription []byte) (*url.URL, error) {
	var s struct {
		Endpoint string `json:"endpoint"`
	}
	if err := json.Unmarshal(subscription, &s); err != nil {
		return nil, fmt.Errorf("read a subscription: %w", err)
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("read a subscription: %w", err)
	}
	if u.Host == "" || u.User != nil || u.Scheme != "https" && !(k.private && u.Scheme == "http") {
		return nil, errors.New("a subscription's endpoint has to be https")
	}
	return u, nil
}

// check says whether a subscription can be used.
func (k *waker) check(subscription []byte) error {
	_, err := k.endpoint(subscription)
	return err
}

// wake has a queue's recipient woken, if it wants to be.
func (k *waker) wake(id queue.ID) {
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if now.Sub(k.woken[id]) < wakeEvery {
		return
	}
	if len(k.woken) >= wakeQueue {
		for other, at := range k.woken {
			if now.Sub(at) >= wakeEvery {
				delete(k.woken, other)
			}
		}
	}
	select {
	case k.todo <- id:
		k.woken[id] = now
	default:
	}
}

// run wakes until ctx ends.
func (k *waker) run(ctx context.Context) {
	var wg sync.WaitGroup
	for range wakers {
		wg.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case id := <-k.todo:
					if err := k.push(ctx, id); err != nil {
						k.log.Debug("cannot wake a recipient", "error", err)
					}
				}
			}
		})
	}
	wg.Wait()
}

// push posts an empty push. A subscription that has ended is forgotten.
func (k *waker) push(ctx context.Context, id queue.ID) error {
	ctx, stop := context.WithTimeout(ctx, outwardTime)
	defer stop()
	q, err := k.store.ByRecipient(ctx, id)
	if err != nil || len(q.Push) == 0 {
		return err
	}
	at, err := k.endpoint(q.Push)
	if err != nil {
		return err
	}
	token, err := k.token(at, time.Now())
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, at.String(), nil)
	if err != nil {
		return err
	}
	r.Header.Set("TTL", "86400")
	r.Header.Set("Topic", "mailbox") // a later one replaces it
	r.Header.Set("Authorization", "vapid t="+token+", k="+base64.RawURLEncoding.EncodeToString(k.public))
	resp, err := k.web.Do(r)
	k.tally(err == nil && resp.StatusCode < 300)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 4096))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone {
		return k.store.SetPush(ctx, id, nil)
	}
	return nil
}

func (k *waker) tally(sent bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if sent {
		k.count.sent++
	} else {
		k.count.failed++
	}
}

// token is a JSON Web Token as RFC 8292 §2 wants it.
func (k *waker) token(at *url.URL, now time.Time) (string, error) {
	claims, err := json.Marshal(map[string]any{
		"aud": at.Scheme + "://" + at.Host, "exp": now.Add(12 * time.Hour).Unix(), "sub": k.contact,
	})
	if err != nil {
		return "", fmt.Errorf("write a token: %w", err)
	}
	signed := strings.Join([]string{
		base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"ES256"}`)),
		base64.RawURLEncoding.EncodeToString(claims),
	}, ".")
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, k.key, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
