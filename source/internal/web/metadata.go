package web

import (
	"net/netip"
	"strings"
)

// isMetadata reports whether host is one that only this machine can reach: a
// link-local address (EC2, ECS, Azure, Google Cloud), the IPv6 addresses of EC2
// and of EKS Pod Identity (fd00:ec2::/32) and of Google Cloud (fd20:ce::254), or
// Google's names for it.
func isMetadata(host string) bool {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		host = strings.TrimSuffix(strings.ToLower(host), ".")
		return host == "metadata.google.internal" || host == "metadata.goog" || host == "metadata"
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.IsLinkLocalUnicast()
	}
	b := ip.As16()
	return ip.IsLinkLocalUnicast() ||
		[4]byte(b[:4]) == [4]byte{0xfd, 0x00, 0x0e, 0xc2} ||
		ip == netip.AddrFrom16([16]byte{0: 0xfd, 1: 0x20, 2: 0x00, 3: 0xce, 14: 0x02, 15: 0x54})
}
