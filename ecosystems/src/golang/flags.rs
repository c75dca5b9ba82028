//! The flags of the go command.

use crate::options::{Grammar, Short};

/// `go help build`, `go help list`, `go help run`, `go help generate`.
pub(super) const BUILD: Grammar = Grammar {
    valued: &[
        "-C -p -asmflags -buildmode -compiler -covermode -coverpkg -gccgoflags -gcflags -installsuffix \
        -ldflags -mod -modfile -o -overlay -pgo -pkgdir -tags -toolexec -exec -f -run -skip -vettool",
    ],
    switches: &[
        "-a -n -v -x -work -race -msan -asan -cover -json -trimpath -linkshared -modcacherw -i -e -m -u \
        -deps -test -find -export -compiled -buildvcs",
    ],
    short: Short::Long,
    ends_at_operand: true,
    table: None,
};

/// `go help test`, `go help testflag`: flags may follow the packages.
pub(super) const TEST: Grammar = Grammar {
    valued: &[
        "-C -p -asmflags -buildmode -compiler -covermode -coverpkg -gccgoflags -gcflags -installsuffix \
        -ldflags -mod -modfile -o -overlay -pgo -pkgdir -tags -toolexec -exec -bench -benchtime \
        -blockprofile -blockprofilerate -count -coverprofile -cpu -cpuprofile -fuzz -fuzzminimizetime \
        -fuzztime -list -memprofile -memprofilerate -mutexprofile -mutexprofilefraction -outputdir \
        -parallel -run -skip -shuffle -timeout -trace -vet -vettool",
    ],
    switches: &["-a -n -v -x -work -race -msan -asan -cover -json -trimpath -linkshared -modcacherw -i -c \
        -failfast -short -benchmem -fullpath -buildvcs"],
    short: Short::Long,
    ends_at_operand: false,
    table: None,
};

/// `go help get`, and `go help gopath-get` for what went before.
pub(super) const GET: Grammar = Grammar {
    valued: &["-C -p -buildmode -gcflags -ldflags -mod -tags"],
    switches: &["-a -d -f -fix -insecure -t -tool -u -v -x"],
    short: Short::Long,
    ends_at_operand: true,
    table: None,
};

/// `go help mod tidy`; `-e` goes on after an error.
pub(super) const TIDY: Grammar = Grammar {
    valued: &["-C -go -compat"],
    switches: &["-v -x"],
    short: Short::Long,
    ends_at_operand: true,
    table: None,
};

/// `go help mod download`, `go help mod verify`, `go help clean`, `go help env`.
pub(super) const OTHER: Grammar = Grammar {
    valued: &["-C -modfile"],
    switches: &["-x -v -json -modcacherw -cache -modcache -testcache -fuzzcache -changed -w"],
    short: Short::Long,
    ends_at_operand: true,
    table: None,
};
