package chart

import (
	"fmt"
	"math"
	"strconv"
)

// ticks are round numbers from 0 to at least most, four or so.
func ticks(most float64) []float64 {
	if most <= 0 || math.IsNaN(most) || math.IsInf(most, 0) {
		return []float64{0, 1}
	}
	step := math.Pow(10, math.Floor(math.Log10(most/3)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*step*4 >= most {
			step *= m
			break
		}
	}
	out := []float64{0}
	for i := 1; out[len(out)-1] < most; i++ {
		out = append(out, float64(i)*step)
	}
	return out
}

// decades are the powers of ten around least and most, and at least one step.
func decades(least, most float64) (from, to int) {
	from, to = int(math.Floor(math.Log10(least)+1e-9)), int(math.Ceil(math.Log10(most)-1e-9))
	if from == to {
		to++
	}
	return from, to
}

// Number writes a value as a reader wants it: three digits or so.
func Number(v float64) string {
	a := math.Abs(v)
	switch {
	case v == 0:
		return "0"
	case a >= 1000:
		return thousands(int64(math.Round(v)))
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	case a >= 0.1:
		return fmt.Sprintf("%.2f", v)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

func thousands(n int64) string {
	if n < 0 {
		return "-" + thousands(-n)
	}
	if n < 1000 {
		return strconv.FormatInt(n, 10)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// short writes a mark of an axis, without zeros that say nothing.
func short(v float64) string {
	if v >= 1000 {
		return Number(v)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// Amount writes a place of the x axis: sizes in KiB, MiB, GiB.
func Amount(v float64, octets bool) string {
	if !octets {
		if v >= 1e6 && math.Mod(v, 1e5) == 0 {
			return strconv.FormatFloat(v/1e6, 'g', 3, 64) + "M"
		}
		return short(math.Round(v))
	}
	for _, u := range []struct {
		size float64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if v >= u.size {
			return strconv.FormatFloat(v/u.size, 'g', 4, 64) + " " + u.name
		}
	}
	return Number(v) + " B"
}
