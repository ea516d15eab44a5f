#!/usr/bin/env bash
# The whole story on one machine: builds huecry, then lets five members of a town's shopwatch join,
# raise an alert with a photograph, answer it, lose a device and see things disappear.
#
#   deploy/try.sh                   installs what is missing, builds in build/release, tells the story
#   deploy/try.sh --programs DIR    tells it with the programs in DIR
#
# Every member is a profile folder and processes of its own. Everything lies in one temporary
# folder, removed at the end; only processes started here are ended.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
programs=
case ${1:-} in
    '') ;;
    --programs) programs=$(cd "${2:?--programs wants a folder}" && pwd) ;;
    *)
        sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
        [[ $1 == -h || $1 == --help ]] && exit 0
        exit 2
        ;;
esac

if [[ -z $programs ]]; then
    "$root/tests/setup.sh" try
    cd "$root"
    build_log=$(mktemp)
    if ! { cmake --preset release && cmake --build --preset release --target huecry-relay huecry_cli; } \
        >"$build_log" 2>&1 </dev/null; then
        tail -n 60 "$build_log" >&2
        rm -f "$build_log"
        echo "try: the build failed (its last words are above)" >&2
        exit 1
    fi
    rm -f "$build_log"
    programs=$root/build/release/bin
fi
for needed in "$programs/huecry" "$programs/huecry-relay" "$(command -v exiftool || echo exiftool)"; do
    [[ -x $needed ]] || {
        echo "try: $needed is missing (tests/setup.sh try installs what this shows)" >&2
        exit 1
    }
done
photograph=/usr/share/backgrounds/seeding_by_Clements_Engelhardt.jpg
[[ -r $photograph ]] || {
    echo "try: $photograph is missing (tests/setup.sh try installs it)" >&2
    exit 1
}

# ---- the stage ---------------------------------------------------------------------------------

work=$(mktemp -d "${TMPDIR:-/tmp}/huecry-try.XXXXXX")
mkdir "$work/profiles" "$work/log" "$work/photos"
unset HUECRY_PROFILE HUECRY_LOG XDG_DATA_HOME
(umask 077 && echo 'a passphrase for the story' >"$work/passphrase")
export HUECRY_PASSPHRASE_FILE=$work/passphrase
declare -A listening=() # member -> process
relay_process=
last_log=
began=$SECONDS

bold='' plain=''
if [[ -t 1 ]]; then bold=$'\e[1m' plain=$'\e[0m'; fi

# PROCESS: one that was started here; it may have ended by itself, and its end by a signal is meant.
stop() {
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

leave() {
    local code=$? member
    trap - EXIT
    trap '' INT TERM HUP
    for member in "${!listening[@]}"; do stop "${listening[$member]}"; done
    if [[ -n $relay_process ]]; then stop "$relay_process"; fi
    rm -rf "$work"
    exit "$code"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

fail() {
    echo >&2
    echo "try: FAILED: $*" >&2
    local log
    for log in "$last_log" "$work/log/relay.log"; do
        if [[ -n $log && -s $log ]]; then
            echo "--- the end of ${log##*/}:" >&2
            tail -n 20 "$log" >&2
        fi
    done
    exit 1
}

number=0
step() {
    number=$((number + 1))
    printf '\n%s%d. %s%s\n' "$bold" "$number" "$1" "$plain"
}
tell() { printf '   %s\n' "$*"; }

# As a person would type it.
typed() {
    local word line=''
    for word in "$@"; do
        if [[ $word == huecry://* ]]; then word="'${word:0:40}…'"
        elif [[ $word == https://* || ! $word =~ ^[A-Za-z0-9_./:=,@%+-]+$ ]]; then word="'$word'"
        fi
        word=${word//"$work"\//}
        line+=" $word"
    done
    printf '%s' "${line:1}"
}

show_output() { # an invite's link is shortened, the temporary folder's name left out
    local line
    while IFS= read -r line; do
        if [[ $line == huecry://* ]]; then line="${line:0:60}…"; fi
        printf '     %s\n' "${line//"$work"\//}"
    done <"$1"
}

# as MEMBER ARGUMENT...: runs huecry as this member and shows it; $out holds what it printed.
out=
expected=0
as() {
    local member=$1 code=0
    shift
    printf '   %s$ huecry %s\n' "$member" "$(typed "$@")"
    last_log=$work/log/$member.last
    HUECRY_PROFILE=$work/profiles/$member "$programs/huecry" "$@" \
        >"$work/out" 2>"$work/err" </dev/null || code=$?
    cat "$work/out" "$work/err" >"$last_log"
    show_output "$work/out"
    show_output "$work/err"
    out=$(<"$work/out")
    ((code == expected)) || fail "exit code $code, expected $expected"
    if ((expected != 0)); then tell "  (exit code $code)"; fi
    expected=0
}
# quietly MEMBER ARGUMENT...: the same without showing it; prints what it printed.
quietly() {
    local member=$1
    shift
    HUECRY_PROFILE=$work/profiles/$member "$programs/huecry" "$@" 2>>"$work/log/$member.quiet" </dev/null
}

# await SECONDS WHAT COMMAND...: until the command succeeds, but not longer.
await() {
    local until=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        ((SECONDS < until)) || fail "waited in vain for $what"
        sleep 0.05
    done
}

now_us() { printf '%s' "${EPOCHREALTIME/[.,]/}"; }

# A listener in the background; each line of its JSON is stamped when it arrives.
stamp() {
    local line
    while IFS= read -r line; do printf '%s %s\n' "$(now_us)" "$line"; done
}
listen() {
    local member
    for member in "$@"; do
        HUECRY_PROFILE=$work/profiles/$member "$programs/huecry" listen --json \
            > >(stamp >>"$work/log/$member.events") 2>>"$work/log/$member.listen" </dev/null &
        listening[$member]=$!
    done
}
stop_listening() {
    local member
    for member in "$@"; do
        stop "${listening[$member]}"
        unset "listening[$member]"
    done
}
# seen MEMBER WORD...: is there an event whose line holds all the words?
seen() {
    local log=$work/log/$1.events found word
    last_log=$work/log/$1.listen
    shift
    [[ -f $log ]] || return 1
    found=$(<"$log")
    for word in "$@"; do found=$(grep -F -- "$word" <<<"$found") || return 1; done
}
field() { # NAME LINE: the first text of this name
    grep -o "\"$1\":\"[^\"]*\"" <<<"$2" | head -n 1 | sed 's/^"[^"]*":"\(.*\)"$/\1/'
}
reads() { # MEMBER CHANNEL: has it been let in?
    quietly "$1" channel list --json |
        grep -Eq "\"name\":\"$2\"[^{}]*\"joined\":true"
}
online() { quietly "$1" inbox >"$work/out"; } # its exit code says whether the relay was reached

# arrivals ALERT STARTED MEMBER...: waits until it is on everybody's screen, and says how long it took.
arrivals() {
    local id=$1 started=$2 member line
    shift 2
    for member in "$@"; do
        await 10 "alert $id at $member" seen "$member" '"event":"alert-received"' "\"id\":\"$id"
        line=$(grep -F '"event":"alert-received"' "$work/log/$member.events" | grep -F "\"id\":\"$id" | tail -n 1)
        printf '     %-8s %5d ms   %s: "%s"%s\n' "$member" $(((${line%% *} - started) / 1000)) \
            "$(field category "$line")" "$(field text "$line")" \
            "$(grep -q '"photos":\[{' <<<"$line" && echo ', with a photo')"
    done
}

metric() {
    local line
    exec 7<>"/dev/tcp/${admin%:*}/${admin##*:}"
    printf 'GET /metrics HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$admin" >&7
    line=$(grep "^huecry_relay_$1 " <&7) || true # a missing one fails two lines below
    exec 7>&-
    [[ $line =~ ^[a-z_]+\ ([0-9]+) ]] || fail "the relay has no metric $1"
    printf '%s' "${BASH_REMATCH[1]}"
}
metric_at_least() { (($(metric "$1") >= $2)); }

metadata() { # what a photo says besides its pixels (a JFIF header is the same in every file)
    # Only a picture that exiftool can read may count as bare: it also fails when no tag is left.
    [[ $(exiftool -s3 -FileType "$1") == JPEG ]] || fail "exiftool cannot read $1"
    exiftool -a -s -G1 --File:all --System:all --Composite:all --ExifTool:all --JFIF:all "$1" || true
}

# ---- the story ---------------------------------------------------------------------------------

step "A relay: it stores and forwards what it cannot read"
printf '   $ huecry-relay serve --data relay --listen 127.0.0.1:0 --json\n'
"$programs/huecry-relay" serve --data "$work/relay" --listen 127.0.0.1:0 --json \
    >"$work/relay.out" 2>"$work/log/relay.log" </dev/null &
relay_process=$!
relay_ready() {
    kill -0 "$relay_process" 2>/dev/null || fail "the relay has ended"
    grep -q '"address"' "$work/relay.out"
}
await 10 "the relay" relay_ready
relay_line=$(<"$work/relay.out")
address=$(field address "$relay_line")
admin=$(field admin "$relay_line")
show_output "$work/relay.out"

step "Anna, of the town's Business Improvement District, creates the partnership"
as anna partnership create --relay "$address" --name 'Oldtown Shopwatch' --member Anna --organisation 'Oldtown BID'
as anna authority backup "$work/oldtown.root" --backup-passphrase-fd 8 8<"$work/passphrase"
as anna channel create town-centre
as anna channel create patrols --read coordinator security police --post coordinator security police

step "She publishes the information-sharing agreement"
cat >"$work/agreement.txt" <<'TEXT'
Oldtown Shopwatch: information-sharing agreement

1. Alerts are for preventing and detecting crime, and for nothing else.
2. What you read here you do not pass on to anybody outside the partnership.
3. Nicknames are neutral. Nobody is judged here.
TEXT
as anna agreement publish "$work/agreement.txt"
tell "From here on she listens, in another terminal:"
tell "  anna\$ huecry listen --json"
listen anna
await 10 "Anna's connection" online anna

step "Gareth, a guard, stands beside her: an invite in person admits at once"
as anna invite --role security --member Gareth --organisation 'Castle Security' --in-person
link=${out%%$'\n'*}
as gareth join "$link" --accept-agreement
as anna invite --role retailer --member Cora --organisation 'Corner Books' --in-person
link=${out%%$'\n'*}
as cora join "$link" --accept-agreement

step "Pia, of the police, gets her link by mail: she waits until the safety phrase was compared"
as anna invite --role police --member Pia --organisation 'Oldtown Police'
link=${out%%$'\n'*}
as pia join "$link" --accept-agreement
device=$(sed -n 's/.*huecry approve \([0-9a-f]*\).*/\1/p' <<<"$out")
phrase=$(sed -n 's/.*same phrase: *//p' <<<"$out")
[[ -n $device && -n $phrase ]] || fail "no device or no safety phrase in what join printed"
await 10 "Pia's device at Anna" seen anna '"event":"device-pending"' "\"device\":\"$device"
tell "Anna's device computes the phrase by itself; the two compare it on the telephone."
as anna approve "$device" --yes
grep -qF "$phrase" <<<"$out" || fail "Anna sees another safety phrase than Pia"

step "Ben, a baker, joins late in the evening: nobody else is online"
as anna invite --role retailer --member Ben --organisation 'Bridge Street Bakery' --in-person
link=${out%%$'\n'*}
stop_listening anna
as ben join "$link" --accept-agreement
tell "In the morning the others are back, each with 'huecry listen --json' in a terminal."
listen anna gareth pia ben cora
for member in anna gareth pia ben cora; do
    await 15 "$member to be in town-centre" reads "$member" town-centre
done
as ben channel list
as anna members
as anna agreement status

step "A photograph, as a telephone makes it: it says where, when, and with what"
photo=$work/photos/door.jpg
cp "$photograph" "$photo"
exiftool -q -overwrite_original -n -Orientation=6 -Make=Phonemaker -Model='Phone 7' -SerialNumber=SN-4711-0815 \
    -Artist='Ben Baker' -DateTimeOriginal='2026:05:02 14:03:11' -GPSLatitude=52.9548 -GPSLatitudeRef=N \
    -GPSLongitude=-1.1581 -GPSLongitudeRef=W -GPSAltitude=61 -XMP:Location='7 Bridge Street' \
    -ImageDescription='back door' "$photo"
tell "\$ exiftool photos/door.jpg   (the telling part)"
exiftool -s -ImageSize -Megapixels -Orientation -Model -SerialNumber -Artist -DateTimeOriginal -GPSPosition \
    -Location "$photo" | sed 's/^/     /'
tell "in all $(metadata "$photo" | wc -l) tags of metadata"

step "Ben raises the alarm"
as ben nickname
nickname=$out
started=$(now_us)
as ben send town-centre 'red jacket, two bags, went out by the back door' --category theft-in-progress --urgent \
    --offender "$nickname" --place 'Bridge Street' --photo "$photo" --pixelate 200,300,260,220
alert=${out%% *}
tell "On the screens of the others, after he pressed Enter:"
arrivals "$alert" "$started" anna gareth pia cora

step "Pia opens the photograph"
as pia photo "$alert" --out "$work/photos/received.jpg"
tell "\$ exiftool photos/received.jpg"
exiftool -s -ImageSize -Megapixels "$work/photos/received.jpg" | sed 's/^/     /'
left=$(metadata "$work/photos/received.jpg")
[[ -z $left ]] || fail "metadata was left in the photo: $left"
tell "tags of metadata: 0. It stands upright, and carries Pia's name and the time as a watermark."

step "Gareth is coming, and Ben sees it"
as gareth respond "$alert" coming
await 10 "Gareth's answer at Ben" seen ben '"event":"response-received"' '"answer":"coming"' '"name":"Gareth"'
as pia respond "$alert" seen
delivered() {
    local line
    line=$(quietly ben status "$alert" --json) || return 1
    [[ $line =~ \"readers\":([0-9]+),\"delivered\":([0-9]+) && ${BASH_REMATCH[1]} == "${BASH_REMATCH[2]}" &&
        $line == *'"name":"Pia"'* ]]
}
await 10 "the relay's count and both answers at Ben" delivered
as ben status "$alert"

step "Cora has lost her telephone: Anna revokes it"
as anna devices
device=$(grep -F Cora <<<"$out" | sed 's/ .*//')
[[ -n $device ]] || fail "Cora's device is not in the list"
as anna revoke "$device"
await 10 "the news at Cora's device" seen cora '"event":"removed"'
stop_listening cora
started=$(now_us)
as gareth send town-centre 'he is in the market hall now' --category offender-in-area --offender "$nickname"
alert=${out%% *}
arrivals "$alert" "$started" anna pia ben
tell "And on the lost telephone:"
expected=6 as cora inbox
if seen cora "\"id\":\"$alert" || grep -q 'market hall' "$work/log/cora.last"; then
    fail "the revoked device got the alert"
fi

step "An alert with a short life disappears everywhere"
tell "Pia's telephone is switched off meanwhile."
stop_listening pia
entries=$(metric expired_entries_total)
blobs=$(metric expired_blobs_total)
leases=$(metric expired_leases_total)
started=$(now_us)
as gareth send town-centre 'meet me at the fountain' --photo "$photo" --expires 5s
alert=${out%% *}
arrivals "$alert" "$started" anna ben
for member in anna gareth ben; do
    await 15 "the alert's end at $member" seen "$member" '"event":"alert-expired"' "\"id\":\"$alert"
    if quietly "$member" inbox --json | grep -q "$alert"; then fail "$member still has the expired alert"; fi
done
await 15 "the relay to erase the message" metric_at_least expired_entries_total $((entries + 1))
await 15 "the relay to erase the photo" metric_at_least expired_blobs_total $((blobs + 1))
await 15 "the relay to shred the photo's share" metric_at_least expired_leases_total $((leases + 1))
tell "Gone at Anna, Gareth and Ben. The relay has erased its message, its photo and the photo's key share:"
tell "  expired_entries $(metric expired_entries_total)  expired_blobs $(metric expired_blobs_total)  expired_leases $(metric expired_leases_total)"
tell "Pia switches on; she never sees it:"
as pia inbox
if grep -q fountain <<<"$out"; then fail "Pia was shown an expired alert"; fi

step "The end: the relay drains and stops"
stop_listening anna gareth ben
kill "$relay_process"
code=0
wait "$relay_process" || code=$?
relay_process=
last_log=
((code == 0)) || fail "the relay ended with exit code $code"
tell "exit code 0"
printf '\n%sDone%s in %d s: a partnership of five, three alerts, two photographs, two answers, one device\n' \
    "$bold" "$plain" $((SECONDS - began))
printf 'removed, and nothing left behind. The same by hand: README.md, "Five minutes by hand".\n'
