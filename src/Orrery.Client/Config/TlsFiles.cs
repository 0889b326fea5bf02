using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Orrery.Client;

/// <summary>PEM text, or the file that holds it.</summary>
internal sealed record PemSource(string? Text, string? Path)
{
    public string Read() => Text ?? File.ReadAllText(Path!);
}

/// <summary>
/// A certificate, its key and the authorities that are trusted, some of them in files that somebody else replaces: looked at once a minute. A pod's <c>ca.crt</c> changes when its cluster gets another
/// authority, and a satellite runs on for months.
/// </summary>
internal sealed class TlsFiles
{
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    private readonly PemSource? certificate;
    private readonly PemSource? key;
    private readonly PemSource? ca;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private volatile Reading last;

    /// <exception cref="IOException">A file is not there.</exception>
    /// <exception cref="CryptographicException">What is said is no certificate, or the key is another's.</exception>
    public TlsFiles(PemSource? certificate, PemSource? key, PemSource? ca, TimeProvider time)
    {
        this.certificate = certificate;
        this.key = key;
        this.ca = ca;
        this.time = time;
        last = Parse(Texts());
    }

    /// <summary>Whether anything of it can change.</summary>
    public bool Changes => certificate?.Path is not null || key?.Path is not null || ca?.Path is not null;

    /// <summary>The same instance until a file says something else.</summary>
    public TlsIdentity Now()
    {
        Reading known = last;
        if (!Changes || time.GetElapsedTime(known.At) < Look)
        {
            return known.Tls;
        }

        lock (gate)
        {
            if (ReferenceEquals(known, last))
            {
                last = Again(known);
            }

            return last.Tls;
        }
    }

    private Reading Again(Reading known)
    {
        try
        {
            string?[] texts = Texts();
            return texts.AsSpan().SequenceEqual(known.Texts) ? known with { At = time.GetTimestamp() } : Parse(texts);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            // It is being replaced, perhaps, of which half is there: what held goes on until all of it is.
            return known with { At = time.GetTimestamp() };
        }
    }

    private string?[] Texts() => [certificate?.Read(), key?.Read(), ca?.Read()];

    private Reading Parse(string?[] texts)
    {
        X509Certificate2Collection? trusted = null;
        if (texts[2] is { } authorities)
        {
            trusted = [];
            trusted.ImportFromPem(authorities);
            if (trusted.Count == 0)
            {
                throw new CryptographicException("there is no certificate of an authority in it");
            }
        }

        return new Reading(texts, new TlsIdentity(texts[0] is { } pem ? X509Certificate2.CreateFromPem(pem, texts[1]) : null, trusted), time.GetTimestamp());
    }

    private sealed record Reading(string?[] Texts, TlsIdentity Tls, long At);
}
