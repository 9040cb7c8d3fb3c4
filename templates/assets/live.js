// Keeps an open board up to date: when the registry tells of a change, the page is fetched anew and what differs is put
// in its place. The page needs nothing of this; without a script it stays as it was made.
(() => {
  'use strict';
  const MARK = 5000, SAY = 5000, PAUSE = 1000, DEAF = 35000, AGAIN = 5000;
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within) => [...within.querySelectorAll(selector)];
  const text = (selector, within) => one(selector, within)?.textContent.trim() ?? '';
  const add = (name, place) => {
    const made = document.createElement('p');
    made.className = name;
    place(made);
    return made;
  };
  const lost = add('lost', (made) => one('#main').before(made));
  lost.hidden = true;
  const voice = add('hid', (made) => document.body.append(made));
  voice.setAttribute('role', 'status');

  // Says one sentence in so many milliseconds at most; the newest counts.
  let sentence = '', spoke = 0;
  const say = (next) => {
    sentence = next || sentence;
    const wait = spoke + SAY - Date.now();
    if (sentence && wait > 0) setTimeout(say, wait);
    if (!sentence || wait > 0) return;
    voice.textContent = sentence;
    sentence = '';
    spoke = Date.now();
  };

  // What a cell says, but for how long ago it was.
  const sense = (cell) => {
    const copy = cell.cloneNode(true);
    copy.classList.remove('new');
    all('time', copy).forEach((time) => { time.textContent = ''; });
    all('.seen', copy).forEach((time) => time.remove());
    return copy.outerHTML;
  };
  // Of a head or a cell the first line; the second is the team or the platform.
  const name = (element) => element?.firstChild?.textContent.trim() ?? '';
  const mark = (cell, before) => {
    cell.classList.add('new');
    setTimeout(() => cell.classList.remove('new'), MARK);
    const app = name(one('th', cell.closest('tr'))), place = `${app} ${name(one('.env', cell))}`;
    const version = text('.v:not(.not)', cell), other = text('.next strong', cell);
    if (version && version !== text('.v', before)) say(`${place} now runs ${version}`);
    else if (other) say(`${place}: ${other} ${text('.next b', cell)}`);
    else say(`${place}: ${text('.v', cell)} ${text('.s b', cell)}`);
  };

  const heads = (main) => all('th', main).map((head) => head.outerHTML).join();
  const swap = (fresh) => {
    const main = one('#main'), next = one('#main', fresh);
    document.title = fresh.title;
    one('footer time')?.replaceWith(one('footer time', fresh));
    const old = all('td', main), young = all('td', next);
    if (heads(main) !== heads(next)) {
      // Rows or columns came, went or moved.
      const known = new Set(old.map(sense)), focused = document.activeElement.matches('.scroll');
      main.replaceChildren(...next.childNodes);
      young.filter((cell) => one('.v', cell) && !known.has(sense(cell))).forEach((cell) => mark(cell, main.cloneNode()));
      if (focused) one('.scroll')?.focus({ preventScroll: true });
      return;
    }
    for (const part of ['h1', '.lead']) one(part, main)?.replaceWith(one(part, next));
    old.forEach((cell, at) => {
      const other = young[at];
      if (sense(cell) !== sense(other)) {
        cell.replaceWith(other);
        mark(other, cell);
      } else {
        const ages = all('time', other);
        all('time', cell).forEach((time, n) => time.replaceWith(ages[n]));
      }
    });
  };

  let source = null, heard = 0, broken = false, wanted = false, reading = false;
  const lose = () => {
    if (broken) return;
    broken = true;
    lost.textContent = `The connection to the registry is lost; trying again. It last answered at ${text('footer time', document)}.`;
    lost.hidden = false;
    say(lost.textContent);
  };
  const read = async () => {
    wanted = true;
    if (reading) return;
    reading = true;
    while (wanted) {
      wanted = false;
      try {
        const answer = await fetch(location.href, { cache: 'no-store' });
        if (!answer.ok) throw answer.status;
        swap(new DOMParser().parseFromString(await answer.text(), 'text/html'));
        broken = false;
        lost.hidden = true;
      } catch {
        lose();
      }
      await new Promise((done) => setTimeout(done, PAUSE));
    }
    reading = false;
  };
  const hear = () => {
    heard = Date.now();
    if (broken) read();
  };
  const close = () => {
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    source = new EventSource('/live');
    heard = Date.now();
    source.onopen = source.onmessage = () => { heard = Date.now(); read(); };
    source.addEventListener('alive', hear);
    source.onerror = lose;
  };
  // A browser gives up on an answer that is no stream, and does not notice a cable that was pulled.
  setInterval(() => {
    const deaf = Date.now() - heard > DEAF;
    if (source && deaf) lose();
    if (source && (deaf || source.readyState === 2)) open();
  }, AGAIN);
  // A browser keeps few connections to one server, so a page that nobody sees holds none.
  const look = () => (document.hidden ? close() : source || open());
  document.addEventListener('visibilitychange', look);
  look();
})();
