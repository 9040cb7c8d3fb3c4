//! Texts that would do something if they were not taken as text. What they would run sets `canary`, and what they would
//! put into a page has the class `smkx`. Each has at most 100 characters, so that it is a name too.

/// What would leave the place that a text stands in.
const BREAKS: [&str; 12] =
    ["", "\">", "'>", "\" ", "' ", "</title>", "</script>", "</style>", "-->", "]]>", "</a>", "</textarea>"];

/// What would do something there.
const ACTS: [&str; 25] = [
    "<script class=smkx>canary=1</script>",
    "<ScRiPt class=smkx>canary=1</sCrIpT >",
    "<img class=smkx src=x onerror=canary=1>",
    "<img class=smkx src=x:x onerror=\"canary=1\"/>",
    "<svg class=smkx onload=canary=1>",
    "<svg class=smkx><script>canary=1</script></svg>",
    "<body class=smkx onload=canary=1>",
    "<iframe class=smkx srcdoc='<script>parent.canary=1</script>'>",
    "<a class=smkx href=javascript:canary=1>x</a>",
    "<math class=smkx><a xlink:href=javascript:canary=1>x",
    "<details class=smkx open ontoggle=canary=1>",
    "<input class=smkx autofocus onfocus=canary=1>",
    "<video class=smkx><source onerror=canary=1>",
    "<style class=smkx>*{background:url(javascript:canary=1)}</style>",
    "<base class=smkx href=//evil.example/>",
    "<meta class=smkx http-equiv=refresh content=0;url=data:text/html,x>",
    "<form class=smkx action=javascript:canary=1><button autofocus>",
    "<object class=smkx data=data:text/html,x>",
    "autofocus class=smkx onfocus=canary=1 x=",
    "class=smkx onmouseover=canary=1 style=position:fixed;inset:0 x=",
    "&lt;img class=smkx src=x onerror=canary=1&gt;",
    "<template class=smkx><img src=x onerror=canary=1></template>",
    "<!--><img class=smkx src=x onerror=canary=1>",
    "<x:script class=smkx xmlns:x=http://www.w3.org/1999/xhtml>canary=1</x:script>",
    "<![CDATA[<img class=smkx src=x onerror=canary=1>]]>",
];

/// What does its harm as it is: links, templates, controls.
const ALONE: [&str; 20] = [
    "javascript:canary=1",
    "JaVaScRiPt:canary=1//",
    " javascript:canary=1",
    "java\tscript:canary=1",
    "javascript://x.example/%0acanary=1",
    "data:text/html,<script>canary=1</script>",
    "data:image/svg+xml,<svg onload=canary=1>",
    "vbscript:canary=1",
    "//evil.example/x",
    "https://x.example/\"onmouseover=\"canary=1",
    "https://user:javascript@x.example/",
    "{{constructor.constructor('canary=1')()}}",
    "{{{raw}}}{{#each this}}x{{/each}}",
    "${canary=1}",
    "`;canary=1;//",
    "';canary=1;//",
    "\u{202e}gpj.exe\u{2066}<b class=smkx>\u{2069}",
    "\u{200f}\u{200e}\u{feff}<img class=smkx src=x onerror=canary=1>",
    "\u{ff1c}script\u{ff1e}canary=1\u{ff1c}/script\u{ff1e}",
    "a\u{7}\u{1b}]0;canary\u{7}\u{85}\r\n<b class=smkx>",
];

/// So many of them, of every kind, in the same order in each run.
pub(super) fn payloads(count: usize) -> Vec<String> {
    let alone = ALONE.iter().map(ToString::to_string);
    // Each act is tried behind every break in the course of the list.
    let acts = (0..BREAKS.len()).flat_map(|shift| {
        ACTS.iter().enumerate().map(move |(at, act)| format!("{}{act}", BREAKS[(at + shift) % BREAKS.len()]))
    });
    let mut all: Vec<String> = alone.chain(acts).filter(|text| text.chars().count() <= 100).collect();
    all.truncate(count);
    assert_eq!(all.len(), count);
    all
}
