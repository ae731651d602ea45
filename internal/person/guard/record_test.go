package guard

import "testing"

func FuzzParseRecord(f *testing.F) {
	f.Add([]byte(`{"version":1,"mode":"file","account":"a","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`))
	f.Add([]byte(`{"version":1,"mode":"passphrase","argon2id":{"memory":4294967295,"passes":1,"lanes":1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRecord(data)
		if err == nil && r.Mode == Passphrase && (r.Cost.Memory > maxMemory || len(r.Sealed) < nonceSize) {
			t.Fatalf("taken: %+v", r)
		}
	})
}
