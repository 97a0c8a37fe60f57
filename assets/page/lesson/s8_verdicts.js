// S8: the lesson's claims, judged by the recorded run and by the reader's own.

import { button, prediction } from './controls.js';
import { counterOf, shownBy } from './counters.js';
import { el, rich } from './dom.js';
import { linkTo } from './lab_settings.js';
import { t } from './text.js';
import { IDS, judge } from './verdicts.js';
import { nearest } from './view_data.js';

/** The names of the program's verdicts here. */
const VERDICTS = { 'holds': 'holds', 'holds partly': 'partly', 'does not hold in this run': 'fails',
  'not measured': 'unmeasured' };

/** The sign of a verdict, shown next to its word. */
const SIGNS = { holds: '✓', partly: '◐', fails: '✗', unmeasured: '?' };

/** The claims offered in the prediction; the correct answer is the first that does not hold. */
const OFFERED = ['batch-norm-keeps', 'location', 'spread'];

/** Claims that the recorded tracks cannot decide: the program judged them by separate runs. */
const BY_PROGRAM = ['learning-rates', 'affine'];

/** Facts that are not in the record's tracks. */
const aboutRecord = (record) => ({ chance: record.chance, batch: record.batch, rate: record.learning_rate,
  batchOfOne: record.batch_of_one });

/** The record's claim with an id or, in older records, at its index. */
function claimOf(record, id) {
  return record.claims.find((one) => one.id === id) ?? record.claims[IDS.indexOf(id)];
}

/**
 * The recorded verdict of a claim, with the evidence that the page computes from the record's tracks, or the
 * record's own words if tracks cannot decide. @param {object} record @param {string} id
 */
export function recordedVerdict(record, id) {
  const claim = claimOf(record, id);
  const judged = judge(id, record.networks, aboutRecord(record));
  const verdict = VERDICTS[claim?.verdict] ?? judged.verdict;
  if (BY_PROGRAM.includes(id) && verdict !== 'unmeasured' && claim) {
    return { verdict, evidence: [], figures: claim.figures };
  }
  return { ...judged, verdict, differs: verdict !== judged.verdict };
}

/** The last step of the reader's own run; 0 if there is none, or the recorded one plays. */
export function ownSteps({ tracks = [] }, record) {
  const own = tracks.filter((track) => !record.networks.includes(track));
  return Math.max(0, ...own.map(({ moments }) => moments.at(-1)?.step ?? 0));
}

/** The verdict on a run of the laboratory. @param {{tracks: object[], settings?: object}} lab */
export function liveVerdict({ tracks, settings = {} }, id, chance) {
  const { batch, position, affine, rate } = settings;
  const known = Object.entries({ batch, position, affine, rate }).filter(([, value]) => value !== undefined);
  return judge(id, tracks, { chance, ...Object.fromEntries(known) });
}

/** A piece of evidence in words. */
function said({ key, values }) {
  const names = values.norm ? { ...values, norm: t(`s8.norm_${values.norm}`) } : values;
  return t(key, names);
}

/** A verdict: sign and word. */
const verdictMark = (verdict) => el('span', { class: `s8-mark s8-${verdict}` },
  el('span', { class: 's8-sign', 'aria-hidden': 'true' }, SIGNS[verdict]), t(`s8.${verdict}`));

/** A list of evidence: for, against, or missing. */
function evidenceList(evidence) {
  const word = ({ supports }) => t(supports === null ? 's8.lacking' : supports ? 's8.for' : 's8.against');
  return el('ul', { class: 's8-evidence' }, ...evidence.map((one) =>
    el('li', {}, el('b', {}, `${word(one)} `), ...rich(said(one)))));
}

/** Opens the laboratory with settings. */
function load(settings, announce) {
  location.hash = linkTo(settings);
  document.getElementById('s7')?.scrollIntoView();
  announce(t('s8.loaded'));
}

/** Goes to the view that shows a claim; if a recorded run plays, to the step, too. */
function show(place, { states, announce }) {
  // Views appear once the networks are made.
  const scroll = (tries) => {
    const view = document.querySelector(`#s7 [data-view="${place.part}"]`);
    if (view?.getClientRects().length > 0) view.scrollIntoView();
    else if (tries > 0) setTimeout(() => scroll(tries - 1), 100);
  };
  const there = () => {
    const { session } = states.s7;
    if (session?.reason) session.seek(nearest(session.steps, place.step));
    scroll(50);
  };
  // The laboratory must apply the address first.
  if (location.hash === linkTo(place.settings)) there();
  else addEventListener('hashchange', there, { once: true });
  load(place.settings, announce);
}

/** Everything about one claim, folded. */
function claimBlock(id, { record, state, states, announce }) {
  const recorded = recordedVerdict(record, id);
  const place = shownBy(id);
  const own = el('div', { class: 's8-own', 'data-own': id });
  const figures = recorded.figures && el('p', { class: 's8-figures', lang: 'en' },
    el('b', { lang: document.documentElement.lang }, `${t('s8.by_program')} `), ...rich(recorded.figures));
  const link = el('a', { href: linkTo(place.settings), onclick: (event) => {
    event.preventDefault();
    show(place, { states, announce });
  } }, ...rich(t('s8.shown', { step: place.step, view: t(place.view).replace(/\[([^\]]*)\]\{\w+\}/g, '$1') })));
  const whole = el('details', { class: 's8-claim', id: `s8-${id}` },
    el('summary', {}, verdictMark(recorded.verdict), el('span', { class: 's8-text' }, t(`s8.${id}_short`))),
    el('p', {}, ...rich(t(`s8.${id}`))),
    recorded.evidence.length ? evidenceList(recorded.evidence) : null, figures,
    recorded.differs ? el('p', {}, t('s8.differs')) : null, own,
    el('p', {}, el('b', {}, `${t('s8.refute')} `), ...rich(t(`s8.${id}_refute`))),
    el('p', { class: 'row' }, button(t(`s8.${id}_counter`), () => load(counterOf(id), announce),
      { 'data-counter': id }), link));
  whole.open = Boolean(state.open?.includes(id));
  whole.addEventListener('toggle', () => {
    state.open = (state.open ?? []).filter((one) => one !== id).concat(whole.open ? [id] : []);
  });
  return whole;
}

/** Shows the verdicts on the reader's own run. @returns {object|null} the number of each verdict */
function judgeOwn(blocks, { states, record }) {
  const counts = { holds: 0, partly: 0, fails: 0, unmeasured: 0 };
  const lab = states.s7 ?? {};
  const steps = ownSteps(lab, record);
  for (const [id, block] of Object.entries(blocks)) {
    const own = block.querySelector('[data-own]');
    own.replaceChildren();
    if (steps === 0) continue;
    const judged = liveVerdict(lab, id, record.chance);
    counts[judged.verdict] += 1;
    own.append(el('p', { class: 's8-own-title' }, `${t('s8.own', { step: steps })} `, verdictMark(judged.verdict)),
      evidenceList(judged.evidence));
  }
  return steps > 0 ? { ...counts, steps } : null;
}

/** The prediction: which of three claims does not hold. */
function guess(id, record, state) {
  const right = OFFERED.findIndex((one) => recordedVerdict(record, one).verdict === 'fails');
  if (right < 0) return null;
  const [first] = recordedVerdict(record, OFFERED[right]).evidence;
  const because = t('s8.because', { claim: t(`s8.${OFFERED[right]}_short`) });
  return prediction({ id, question: t('s8.ask'), state, right, because: `${because} ${first ? said(first) : ''}`.trim(),
    answers: OFFERED.map((one) => t(`s8.${one}_short`)) });
}

/** The answer: how many hold. */
function answer(record, own) {
  const all = IDS.map((id) => recordedVerdict(record, id).verdict);
  const count = (verdict) => all.filter((one) => one === verdict).length;
  const recorded = t('s8.answer', { holds: count('holds'), partly: count('partly'),
    fails: count('fails'), unmeasured: count('unmeasured') });
  return `${recorded} ${own ? t('s8.answer_own', own) : t('s8.answer_no_own')}`;
}

/** Builds the section. @param {object} context @returns {HTMLElement[]} */
export function create(context) {
  const { id, record, state, announce } = context;
  const blocks = Object.fromEntries(IDS.map((one) => [one, claimBlock(one, context)]));
  const words = el('p', { class: 'answer', id: 's8-answer' });
  const update = () => {
    words.textContent = answer(record, judgeOwn(blocks, context));
  };
  const again = button(t('s8.judge'), () => {
    update();
    announce(words.textContent);
  }, { id: 's8-judge' });
  const list = el('div', { class: 's8-claims' }, ...Object.values(blocks));
  // The reader's run may have continued while the claims were off screen.
  new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && update()).observe(list);
  update();
  return [el('h2', {}, t('s8.title')), el('p', {}, t('s8.question')), guess(id, record, state), list,
    el('div', { class: 'row s8-again' }, again), words].filter(Boolean);
}
