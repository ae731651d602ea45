package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/adrg/xdg"

	"github.com/kith-web/kith/internal/fault"
)

// Environment variables, which stand between flags and the file.
const (
	EnvHome   = "KITH_HOME"
	EnvListen = "KITH_LISTEN"
)

// ConfigName is the name of the configuration in a home.
const ConfigName = "config.toml"

// Flags are what a command line said about configuration; "" where it said
// nothing.
type Flags struct {
	Home   string
	Config string
	Listen string
}

// Home returns the absolute path of the home: the flag, else KITH_HOME, else
// the folder "kith" where the system keeps a person's data. It need not exist.
func Home(flag string) (string, error) {
	home := flag
	if home == "" {
		home = os.Getenv(EnvHome)
	}
	if home == "" {
		home = filepath.Join(xdg.DataHome, "kith")
	}
	abs, err := filepath.Abs(home)
	if err != nil {
		return "", fmt.Errorf("find the home: %w", err)
	}
	return abs, nil
}

// Load returns the home and the configuration: flags over environment over
// file over Default. A file that f.Config names must exist; the home's own need
// not.
func Load(f Flags) (home string, c Config, err error) {
	if home, err = Home(f.Home); err != nil {
		return "", c, err
	}
	path := f.Config
	if path == "" {
		path = filepath.Join(home, ConfigName)
	}
	c = Default()
	switch err := decodeFile(path, &c); {
	case errors.Is(err, fs.ErrNotExist) && f.Config == "":
	case err != nil:
		return "", c, err
	}
	if listen := os.Getenv(EnvListen); listen != "" {
		c.Gateway.Listen = listen
	}
	if f.Listen != "" {
		c.Gateway.Listen = f.Listen
	}
	return home, c, c.check()
}

func decodeFile(path string, c *Config) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		missing := fault.New(fault.NotFound, "there is no configuration at %s", path).
			WithHint("'kith config reference' prints one to begin with")
		missing.Err = err
		return missing
	}
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	if err := Decode(string(data), c); err != nil {
		return fault.New(fault.Invalid, "%s: %w", path, err).WithHintOf(err)
	}
	return nil
}

// Decode reads TOML over what is in c. An unknown key is an error that names
// the key that was probably meant.
func Decode(text string, c *Config) error {
	md, err := toml.Decode(text, c)
	if err != nil {
		return fault.New(fault.Invalid, "%s", strings.TrimPrefix(err.Error(), "toml: ")).
			WithHint("'kith config reference' shows every key with its form")
	}
	unknown := md.Undecoded()
	if len(unknown) == 0 {
		return nil
	}
	key := unknown[0].String()
	for _, k := range unknown {
		if strings.HasPrefix(k.String(), key+".") { // a whole table is unknown: name the key in it
			key = k.String()
			break
		}
	}
	e := fault.New(fault.Invalid, "there is no key %q", key).
		WithHint("'kith config reference' lists every key")
	if like := closest(key, Keys()); like != "" {
		e = e.WithHint("did you mean %s? 'kith config reference' lists every key", like)
	}
	return e
}
