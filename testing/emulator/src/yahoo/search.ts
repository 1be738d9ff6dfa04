import { type Answer, jsonAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { healthyHeaders } from './chart.js'

/** Looks instruments up by code or name. */
export const search: Route = { path: '/v1/finance/search', answer: answerSearch }

const QUOTES_DEFAULT = 6

function answerSearch({ query, truth }: RouteRequest): Answer {
  const q = (query.get('q') ?? '').trim()
  if (q === '') {
    const error = { code: 'Bad Request', description: 'Missing required query parameter=q' }
    return jsonAnswer({ finance: { result: null, error } }, { status: 400 })
  }
  const most = Number(query.get('quotesCount') ?? QUOTES_DEFAULT)
  const wanted = q.replace(/\.TW$/i, '').toUpperCase()
  const found = truth.listings().filter(({ symbol, name }) => symbol.startsWith(wanted) || name.includes(wanted))
  const quotes = found
    .slice(0, Number.isFinite(most) ? most : QUOTES_DEFAULT)
    .map(({ symbol, name, kind, industry }, rank) => {
      const fund = kind === 'etf'
      return {
        exchange: 'TAI',
        shortname: name,
        quoteType: fund ? 'ETF' : 'EQUITY',
        symbol: `${symbol}.TW`,
        index: 'quotes',
        score: 20_001 - rank,
        typeDisp: fund ? 'ETF' : 'Equity',
        longname: name,
        exchDisp: 'Taiwan',
        ...(industry !== '' && { sector: industry, sectorDisp: industry, industry, industryDisp: industry }),
        isYahooFinance: true,
      }
    })
  return jsonAnswer(
    {
      explains: [],
      count: quotes.length,
      quotes,
      news: [],
      nav: [],
      lists: [],
      researchReports: [],
      screenerFieldResults: [],
      totalTime: 20,
      timeTakenForQuotes: 400,
      timeTakenForNews: 0,
      timeTakenForAlgowatchlist: 400,
      timeTakenForPredefinedScreener: 400,
      timeTakenForCrunchbase: 400,
      timeTakenForNav: 400,
      timeTakenForResearchReports: 0,
      timeTakenForScreenerField: 0,
      timeTakenForCulturalAssets: 0,
      timeTakenForSearchLists: 0,
    },
    { headers: healthyHeaders },
  )
}
