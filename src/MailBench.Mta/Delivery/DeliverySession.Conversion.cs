using System.Text;
using MailBench.Model.Options;
using MailBench.Mta.Batching;
using MailBench.Mta.Conversion;
using MailBench.Mta.Queue;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Delivery;

// What a host offers against what a message needs: decided before anything of the transaction is sent.
internal sealed partial class DeliverySession
{
    private SmtpCapabilities Offered => _machine.Capabilities;

    /// <summary>Nothing has to be looked at or changed for this host.</summary>
    private bool MaySendAsItIs(DeliveryBatch batch) => !IsTooLarge(batch.Entry!.ContentBytes) && (Offered.EightBitMime || PassesEightBit) && !NeedsUtf8(batch);

    private bool PassesEightBit => _stage.Options.Settings.ContentConversion == ContentConversion.Pass;

    private bool IsTooLarge(long octets) => Offered.SizeLimit > 0 && octets > Offered.SizeLimit;

    private static bool NeedsUtf8(DeliveryBatch batch)
    {
        var entry = batch.Entry!;
        if (!Ascii.IsValid(entry.ReversePath)) return true;
        for (var i = 0; i < batch.Count; i++)
            if (!Ascii.IsValid(entry.Recipients[batch[i].Recipient].Address)) return true;
        return false;
    }

    /// <summary>Makes the batch in hand a transaction, converting its content where the host takes no 8-bit content. False: nothing of it goes to this host now, and all are settled or back in their queue.</summary>
    private bool TryStart()
    {
        if (MaySendAsItIs(Batch))
        {
            _now.Start(Batch);
            return true;
        }

        var utf8 = NeedsUtf8(Batch);
        _now.Start(Batch, utf8);
        if (utf8 && !Offered.SmtpUtf8)
        {
            RefuseUtf8();
            return false;
        }

        if (!Offered.EightBitMime && !PassesEightBit && !TryConvert(Entry)) return false;
        if (!IsTooLarge(_now.ContentBytes)) return true;
        var octets = _now.ContentBytes;
        EndConversion();
        return Refuse(OutcomeKind.Failed, "5.3.4", $"the message has {octets} octets and the host takes at most {Offered.SizeLimit}");
    }

    /// <summary>Addresses that only SMTPUTF8 carries cannot go to this host (RFC 6531 §3.5); the other recipients go again without them, unless it is the sender's.</summary>
    private void RefuseUtf8()
    {
        const string Why = "the address is not ASCII, and the host does not offer SMTPUTF8";
        var sender = !Ascii.IsValid(Entry.ReversePath);
        for (var i = 0; i < Batch.Count; i++)
        {
            if (sender) Settle(i, OutcomeKind.Failed, null, null, "the sender's address is not ASCII, and the host does not offer SMTPUTF8", "5.6.7");
            else if (!Ascii.IsValid(Entry.Recipients[Batch[i].Recipient].Address)) Settle(i, OutcomeKind.Failed, null, null, Why, "5.6.7");
            else Return(i, null);
        }
    }

    /// <summary>The host takes 7-bit content only (RFC 6152 §3): content that is so goes as it is, other content is converted or refused.</summary>
    private bool TryConvert(QueueEntry entry)
    {
        if (entry.ContentBytes > SevenBitForm.MaxBytes)
            return Refuse(OutcomeKind.Failed, "5.6.3", $"the host takes no 8-bit content, and more than {SevenBitForm.MaxBytes} octets are not converted");
        if (!_stage.Conversions.TryTake(entry.ContentBytes))
            return Refuse(OutcomeKind.Deferred, "4.3.1", "too much content is being converted at once");
        var content = new byte[entry.ContentBytes];
        for (var at = 0; at < content.Length;)
        {
            if (!TryRead(entry, at, content.AsSpan(at), out var count, out var why))
            {
                _stage.Conversions.GiveBack(entry.ContentBytes);
                return Refuse(OutcomeKind.Deferred, "4.3.0", $"the content cannot be read from our queue: {why}");
            }

            at += count;
        }

        if (Ascii.IsValid(content))
        {
            // As the sender ought to have said.
            _stage.Conversions.GiveBack(entry.ContentBytes);
            return true;
        }

        byte[]? converted = null;
        var refusal = "8-bit content is not converted here";
        if (_stage.Options.Settings.ContentConversion == ContentConversion.Bounce || !SevenBitForm.TryMake(content, out converted, out refusal))
        {
            _stage.Conversions.GiveBack(entry.ContentBytes);
            return Refuse(OutcomeKind.Failed, "5.6.3", $"the host takes no 8-bit content, and {refusal}");
        }

        _now.Start(Batch, _now.NeedsUtf8, converted);
        _stage.Counters.Conversion();
        return true;
    }

    private void EndConversion()
    {
        if (_now.Converted is null) return;
        _stage.Conversions.GiveBack(_now.Entry.ContentBytes);
        _now.End();
    }

    private bool Refuse(OutcomeKind kind, string status, string why)
    {
        for (var i = 0; i < Batch.Count; i++) Settle(i, kind, null, null, why, status);
        return false;
    }
}
