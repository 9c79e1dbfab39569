package sourcetest

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A Fault spoils a call. It reports whether it has answered, or whether STS
// still has to. One Fault may serve many calls at once.
type Fault func(*exchange) (answered bool)

// Together applies faults in order until one of them answers.
func Together(faults ...Fault) Fault {
	return func(x *exchange) bool {
		for _, f := range faults {
			if f != nil && f(x) {
				return true
			}
		}
		return false
	}
}

// Slow waits before STS looks at the call. A client that goes away, or Close,
// ends the wait and the call.
func Slow(d time.Duration) Fault {
	return func(x *exchange) bool {
		timer := time.NewTimer(d)
		defer timer.Stop()
		x.wait(timer.C)
		return false
	}
}

// Refuse answers with an error as AWS words them.
func Refuse(status int, code, message string) Fault {
	return func(x *exchange) bool {
		x.send((&refusal{status, code, message}).answer())
		return true
	}
}

// Throttle answers that there were too many calls.
func Throttle() Fault { return Refuse(http.StatusBadRequest, "Throttling", "Rate exceeded") }

// Hang never answers.
func Hang() Fault {
	return func(x *exchange) bool {
		x.finish("Hang")
		x.wait(nil)
		return true
	}
}

// wait returns when c does, and aborts the call when its client goes away or
// STS closes first.
func (x *exchange) wait(c <-chan time.Time) {
	select {
	case <-c:
	case <-x.r.Context().Done():
		panic(http.ErrAbortHandler)
	case <-x.sts.done:
		panic(http.ErrAbortHandler)
	}
}

// Drop closes the connection without a byte of an answer.
func Drop() Fault {
	return func(x *exchange) bool {
		x.finish("Drop")
		panic(http.ErrAbortHandler)
	}
}

// HTML answers with a web page, as proxies and captive portals do.
func HTML(status int) Fault {
	page := fmt.Sprintf("<!DOCTYPE html>\n<html><head><title>%d %s</title></head>\n<body><h1>%[2]s</h1><p>Please sign in<br>to continue.</p></body></html>\n",
		status, http.StatusText(status))
	return func(x *exchange) bool {
		x.send(answer{status: status, contentType: "text/html; charset=utf-8", body: []byte(page), outcome: "HTML"})
		return true
	}
}

// Empty answers 200 with no body.
func Empty() Fault {
	return func(x *exchange) bool {
		x.send(answer{status: http.StatusOK, contentType: "text/xml", requestID: requestID(), outcome: "Empty"})
		return true
	}
}

// EmptyResult answers 200 with a result that has nothing in it.
func EmptyResult() Fault {
	return func(x *exchange) bool {
		a := new(result).answer(x.call.Action)
		a.outcome = "EmptyResult"
		x.send(a)
		return true
	}
}

// Without does what was asked but leaves elements out of the Credentials:
// AccessKeyId, SecretAccessKey, SessionToken, Expiration.
func Without(elements ...string) Fault {
	return changed("Without", func(c *credentials) {
		for _, element := range elements {
			switch element {
			case "AccessKeyId":
				c.AccessKeyID = ""
			case "SecretAccessKey":
				c.SecretAccessKey = ""
			case "SessionToken":
				c.SessionToken = ""
			case "Expiration":
				c.Expiration = ""
			default:
				panic("sourcetest: no such element: " + element)
			}
		}
	})
}

// Huge does what was asked, but its session token has 10 MiB: the answer
// is well-formed to its end.
func Huge() Fault {
	token := strings.Repeat("Huge", 10<<20/4)
	return changed("Huge", func(c *credentials) { c.SessionToken = token })
}

// changed lets STS answer and changes the credentials it issues; a refusal
// stays as it is.
func changed(outcome string, change func(*credentials)) Fault {
	return func(x *exchange) bool {
		res, err := x.perform()
		if err != nil || res.Credentials == nil {
			return false
		}
		change(res.Credentials)
		a := res.answer(x.call.Action)
		a.outcome = outcome
		x.send(a)
		return true
	}
}

// Half does what was asked and cuts the connection halfway through the answer,
// whose Content-Length promised the whole.
func Half() Fault {
	return func(x *exchange) bool {
		a := x.answer()
		a.outcome = "Half"
		x.sendPart(a, len(a.body)/2)
		return true
	}
}

// Skew moves STS's clock for the call: for judging tokens and signatures, for
// the Date header and for the Expiration alike.
func Skew(d time.Duration) Fault {
	return func(x *exchange) bool {
		x.skew = d
		return false
	}
}

// NoDate leaves the Date header out.
func NoDate() Fault {
	return func(x *exchange) bool {
		x.noDate = true
		return false
	}
}
