/**
 * What each built-in template asks for. The engine's table (`src/ledger/templates/built-in.txt`) says what becomes of it.
 */

import type { AmountInput } from "../shell/guard.js";

/** What every event has. */
export interface MoneyFields {
  /** Id of the entry, such as `charge:pay_1`: one event, one id, however often the news arrives. */
  readonly id: string;
  /** Minor units, gross. */
  readonly amount: AmountInput;
  /** ISO 4217. */
  readonly currency: string;
  /** When it happened at the gateway, in milliseconds. */
  readonly occurredAt: number;
  /** When the merchant's system learnt of it; the ledger's `now` when left out. */
  readonly recordedAt?: number | undefined;
  /** What brought the news: the id of a verified event, or the key of a request. */
  readonly cause: string;
  /** A line for people. */
  readonly description?: string | undefined;
  /** The id of an entry this one belongs to. */
  readonly follows?: string | undefined;
}

/** What every event at a gateway has. */
export interface EventFields extends MoneyFields {
  /** Name of the gateway, as it stands in the names of accounts. */
  readonly gateway: string;
}

/** What stands in the gateway's report of an event. */
interface Reported {
  readonly payoutId?: string | undefined;
  /** State at the gateway; `completed` when left out. */
  readonly status?: string | undefined;
}

/** What the gateway keeps. Left out, it is not known: the reconciler will not compare it. */
interface Fee {
  readonly fee?: AmountInput | null | undefined;
}

/** Tax within the amount, owed to a jurisdiction. */
export interface TaxFields {
  readonly tax?: AmountInput | undefined;
  /** Such as `DE`; needed where there is tax. */
  readonly jurisdiction?: string | undefined;
}

/** A charge. */
export interface ChargeFields extends EventFields, Reported, Fee, TaxFields {
  /** The key both sides know: the order or payment reference. */
  readonly reference: string;
  /** The gateway's own id of the payment. */
  readonly paymentId?: string | undefined;
}

/** An authorization, which holds money until it is captured, voided or over. */
export interface AuthorizationFields extends MoneyFields {
  /** The gateway's own id of it, under which the memo accounts keep it. */
  readonly authorization: string;
  /** Until when it can be captured. */
  readonly expiresAt?: number | undefined;
}

/** What ends a hold. */
export interface ReleaseFields extends MoneyFields {
  /** The id of the entry of the hold. */
  readonly of: string;
}

/** A payment that was asked for. */
export interface NotedFields extends MoneyFields {
  /** The gateway's id of the payment where it is known, or else the reference that its charge will have. */
  readonly payment: string;
}

/** What is captured of a hold. */
export interface HoldCapture {
  /** What the hold gives up, in minor units; the amount when left out. The whole rest of it ends the hold. */
  readonly released?: AmountInput | undefined;
}

/** A refund, whole or in part. */
export interface RefundFields extends EventFields, Reported {
  /** The key both sides know for this refund. */
  readonly reference: string;
  /** The reference of the charge. */
  readonly parentReference?: string | undefined;
  /** The gateway's own id of the refund. */
  readonly refundId?: string | undefined;
}

/** A refund that is owed and has not left. */
export interface RefundOwedFields extends MoneyFields {
  readonly gateway?: string | undefined;
  /** The gateway's own id of the refund; the account of promised refunds is kept by it. */
  readonly refundId?: string | undefined;
}

/** A dispute. */
export interface DisputeFields extends EventFields, Fee {
  /** The gateway's own id of the dispute; the account of disputed money is kept by it. */
  readonly disputeId: string;
  /** The key both sides know for it; without one it has no row in the mirror. */
  readonly reference?: string | undefined;
  /** The reference of the charge. */
  readonly parentReference?: string | undefined;
  readonly status?: string | undefined;
  readonly payoutId?: string | undefined;
}

/** A payout, from the gateway towards the bank. */
export interface PayoutFields extends EventFields {
  /** The gateway's own id of the payout; also the key both sides know. */
  readonly payoutId: string;
  readonly status?: string | undefined;
}

/** A payout at the bank. */
export interface BankedFields extends EventFields {
  /** Name of the bank account, as it stands in the names of accounts. */
  readonly bank: string;
  readonly payoutId?: string | undefined;
}

/** A fee that stands on its own. */
export interface FeeFields extends EventFields, Reported {
  /** The key both sides know for it; without one it has no row in the mirror. */
  readonly reference?: string | undefined;
  /** The gateway's own id of the fee. */
  readonly feeId?: string | undefined;
}

/** A payment into a wallet, an escrow or for an invoice. */
interface PaidInto extends EventFields, Reported, Fee {
  /** The key both sides know; without one it has no row in the mirror. */
  readonly reference?: string | undefined;
  readonly paymentId?: string | undefined;
}

/** Money in escrow, by order. */
interface OfOrder {
  readonly order: string;
}

/** A part for the platform. */
interface PlatformFee {
  readonly platformFee?: AmountInput | undefined;
}

/** Who is owed money that was released. */
interface ForProvider {
  readonly provider: string;
}

/** From one wallet to another. */
interface Between {
  readonly from: string;
  readonly to: string;
}

type WithoutAmount<T> = Omit<T, "amount">;

/** The fields of each template. */
export interface TemplateFields {
  /** Money that is promised: on the pending layer, and never in the balance sheet. */
  readonly authorization: AuthorizationFields;
  /** An authorization that was given back. */
  readonly authorizationVoided: ReleaseFields & { readonly authorization: string };
  /** An authorization whose time was over. `ledger.expireHolds()` posts these by itself. */
  readonly authorizationExpired: ReleaseFields & { readonly authorization: string };
  /** A payment that was asked for, of which nothing is known yet. `expiresAt` is when it counts as failed by itself. */
  readonly paymentInitiated: NotedFields & { readonly expiresAt?: number | undefined };
  /** A payment that came to nothing. `of` is the entry that said it was asked for. */
  readonly paymentFailed: ReleaseFields & NotedFields;
  /** What was captured of an authorization, whole or in part. */
  readonly capture: ChargeFields & HoldCapture & { readonly of: string; readonly authorization: string };
  /** Captured money: the net is pending at the gateway, the fee is an expense, the gross is a sale. */
  readonly charge: ChargeFields;
  /** Pending money that became available at the gateway. */
  readonly fundsAvailable: EventFields;
  /** A fee on its own: monthly, for an authorization. */
  readonly fee: FeeFields;
  /** What the gateway kept of a charge, where that becomes known by itself. */
  readonly chargeFee: EventFields;
  /** A fee the gateway gave back. */
  readonly feeReturned: EventFields;
  /** Money given back at once, whole or in part. */
  readonly refund: RefundFields;
  /** A refund that was promised and has not left yet. It has no row in a settlement report. */
  readonly refundRequested: RefundOwedFields;
  /** A promised refund that left the gateway. */
  readonly refundSent: RefundFields;
  /** A refund that came back: it is still owed. */
  readonly refundFailed: EventFields & { readonly refundId?: string | undefined };
  /** A refund that is not owed any more. */
  readonly refundGivenUp: RefundOwedFields;
  /** Money the gateway took because a charge is disputed. */
  readonly disputeOpened: DisputeFields;
  /** A dispute that was won; `fee` where the gateway gives it back. */
  readonly disputeWon: DisputeFields;
  /** A dispute that was lost: what was disputed is gone. */
  readonly disputeLost: DisputeFields;
  /** Money on its way from the gateway to the bank. */
  readonly payout: PayoutFields;
  /** What the gateway takes for a payout. */
  readonly payoutFee: FeeFields;
  /** A payout that stands in the bank account `bank`. */
  readonly payoutArrived: BankedFields;
  /** What the bank kept of a payout, once somebody has accepted it. */
  readonly bankCharge: EventFields & { readonly payoutId?: string | undefined };
  /** A payout that came back before it reached the bank. */
  readonly payoutFailed: PayoutFields;
  /** A payout that came back after it had reached the bank; `payoutFailed` follows when the gateway has it. */
  readonly payoutReturned: BankedFields;
  /** A buyer's money that is not the merchant's. */
  readonly escrowHeld: PaidInto & OfOrder;
  /** Escrow paid to a provider, less the platform's fee: one entry, so that neither is paid without the other. */
  readonly escrowReleased: MoneyFields & OfOrder & ForProvider & PlatformFee;
  /** Escrow promised back to the buyer. */
  readonly escrowRefunded: MoneyFields & OfOrder & { readonly refundId?: string | undefined };
  /** Escrow of which a part goes back to the buyer and the rest to a provider, less the platform's fee. */
  readonly escrowSplit: WithoutAmount<MoneyFields> &
    OfOrder &
    ForProvider &
    PlatformFee & {
      readonly refunded: AmountInput;
      readonly released: AmountInput;
      readonly refundId?: string | undefined;
    };
  /** A refund after the release: the provider gives back his share. Refused when he no longer has it. */
  readonly clawBack: MoneyFields & ForProvider & PlatformFee & { readonly refundId?: string | undefined };
  /** A provider who was paid from the bank. */
  readonly providerPaid: MoneyFields & ForProvider & { readonly bank: string };
  /** One currency for another at the gateway. The rate is what the two amounts come to. */
  readonly conversion: EventFields & { readonly bought: AmountInput; readonly boughtCurrency: string };
  /** What the gateway takes for a conversion. */
  readonly conversionFee: FeeFields;
  /** A rounding difference that was lost, once somebody has accepted it. */
  readonly roundingLoss: MoneyFields;
  /** A rounding difference that was gained, once somebody has accepted it. */
  readonly roundingGain: MoneyFields;
  /** A payment into a wallet. */
  readonly walletToppedUp: PaidInto & { readonly wallet: string };
  /** Money from one wallet to another; the fee is paid by the first. */
  readonly walletTransfer: MoneyFields & Between & { readonly fee?: AmountInput | undefined };
  /** Money that leaves a wallet towards a bank. */
  readonly walletWithdrawn: EventFields & { readonly wallet: string; readonly payoutId?: string | undefined };
  /** Money of one wallet that is held for another, and cannot be spent meanwhile. */
  readonly walletHold: MoneyFields & Between & { readonly expiresAt?: number | undefined };
  /** What was captured of a hold between wallets. */
  readonly walletHoldCaptured: ReleaseFields & Between & HoldCapture;
  /** A hold between wallets that was given back. */
  readonly walletHoldVoided: ReleaseFields & Between;
  /** Money the gateway holds back. */
  readonly reserveHeld: EventFields;
  /** Money the gateway no longer holds back. */
  readonly reserveReleased: EventFields;
  /** An invoice of a subscription: earned, and not paid yet. */
  readonly subscriptionInvoice: MoneyFields & TaxFields & { readonly invoice: string };
  /** An invoice that was paid. */
  readonly invoicePaid: PaidInto & { readonly invoice: string };
  /** Tax that was handed over from the bank. */
  readonly taxRemitted: MoneyFields & { readonly jurisdiction: string; readonly bank: string };
  /** Money at the bank that nobody can explain, once somebody has accepted it. */
  readonly unidentified: MoneyFields & { readonly bank: string };
}

/** A part of a template's fields: amounts and names beyond the amount, as callers call them. */
interface Shape {
  readonly amounts?: readonly string[];
  readonly names?: readonly string[];
  /** The member that holds the gateway's own id, where the event has a row in a settlement report. */
  readonly reported?: string;
  /** Whether it always has one, so that a reference is needed. */
  readonly always?: boolean;
}

const CHARGED = { amounts: ["fee", "tax"], names: ["gateway", "jurisdiction"], reported: "paymentId", always: true };

/** What is read of the fields of each template. Members that end in `Id` are names without that end. */
export const SHAPES: { readonly [N in keyof TemplateFields]: Shape } = {
  authorization: { names: ["authorization"] },
  authorizationVoided: { names: ["authorization"] },
  authorizationExpired: { names: ["authorization"] },
  paymentInitiated: { names: ["payment"] },
  paymentFailed: { names: ["payment"] },
  capture: { ...CHARGED, amounts: ["fee", "tax", "released"], names: [...CHARGED.names, "authorization"] },
  charge: CHARGED,
  fundsAvailable: { names: ["gateway"] },
  fee: { names: ["gateway"], reported: "feeId" },
  chargeFee: { names: ["gateway"] },
  feeReturned: { names: ["gateway"] },
  refund: { names: ["gateway"], reported: "refundId", always: true },
  refundRequested: { names: ["gateway", "refundId"] },
  refundSent: { names: ["gateway", "refundId"], reported: "refundId", always: true },
  refundFailed: { names: ["gateway", "refundId"] },
  refundGivenUp: { names: ["gateway", "refundId"] },
  disputeOpened: { amounts: ["fee"], names: ["gateway", "disputeId"], reported: "disputeId" },
  disputeWon: { amounts: ["fee"], names: ["gateway", "disputeId"] },
  disputeLost: { names: ["gateway", "disputeId"] },
  payout: { names: ["gateway", "payoutId"], reported: "payoutId", always: true },
  payoutFee: { names: ["gateway"], reported: "feeId" },
  payoutArrived: { names: ["gateway", "bank", "payoutId"] },
  bankCharge: { names: ["gateway", "payoutId"] },
  payoutFailed: { names: ["gateway", "payoutId"], reported: "payoutId", always: true },
  payoutReturned: { names: ["gateway", "bank", "payoutId"] },
  escrowHeld: { amounts: ["fee"], names: ["gateway", "order"], reported: "paymentId" },
  escrowReleased: { amounts: ["platformFee"], names: ["order", "provider"] },
  escrowRefunded: { names: ["order", "refundId"] },
  escrowSplit: { amounts: ["refunded", "released", "platformFee"], names: ["order", "provider", "refundId"] },
  clawBack: { amounts: ["platformFee"], names: ["provider", "refundId"] },
  providerPaid: { names: ["provider", "bank"] },
  conversion: { amounts: ["bought"], names: ["gateway", "boughtCurrency"] },
  conversionFee: { names: ["gateway"], reported: "feeId" },
  roundingLoss: {},
  roundingGain: {},
  walletToppedUp: { amounts: ["fee"], names: ["gateway", "wallet"], reported: "paymentId" },
  walletTransfer: { amounts: ["fee"], names: ["from", "to"] },
  walletWithdrawn: { names: ["gateway", "wallet", "payoutId"] },
  walletHold: { names: ["from", "to"] },
  walletHoldCaptured: { amounts: ["released"], names: ["from", "to"] },
  walletHoldVoided: { names: ["from", "to"] },
  reserveHeld: { names: ["gateway"] },
  reserveReleased: { names: ["gateway"] },
  subscriptionInvoice: { amounts: ["tax"], names: ["invoice", "jurisdiction"] },
  invoicePaid: { amounts: ["fee"], names: ["gateway", "invoice"], reported: "paymentId" },
  taxRemitted: { names: ["jurisdiction", "bank"] },
  unidentified: { names: ["bank"] },
};
