# For the samples that feed frames: makes libscrim.so in samples/out/scrim and a program against it. Source it, in bash with -e.
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# build NAME [PACKAGE…]: samples/NAME/feed.c as samples/out/NAME, with packages of pkg-config.
build() {
  .ci/install build
  swift build -c release --product ScrimC
  swift build -c release --product scrim
  local name=$1 prefix=$PWD/samples/out/scrim
  Sources/ScrimC/make .build/release "$prefix"
  export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
  # shellcheck disable=SC2046
  cc -O2 -Wall -Wextra -Werror "samples/$name/feed.c" -o "samples/out/$name" $(pkg-config --cflags --libs scrim "${@:2}") \
    -Wl,-rpath,"$prefix/lib"
  rm -rf "samples/out/$name-session" "samples/out/$name-png"
}

# show NAME: verifies and exports the session in samples/out/NAME-session.
show() {
  .build/release/scrim verify "samples/out/$1-session"
  .build/release/scrim export "samples/out/$1-session" --to png --out "samples/out/$1-png"
}
