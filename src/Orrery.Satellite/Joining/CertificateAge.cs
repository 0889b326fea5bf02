using System.Security.Cryptography.X509Certificates;
using Orrery.Client;

namespace Orrery.Satellite.Joining;

/// <summary>
/// How old a certificate is, on a machine whose clock may be wrong by days: what has passed since it was taken up, by the clock or by what runs between two ticks, whichever is more.
/// Only of one that was kept from an earlier run does the clock say how old it was. The life of one that has come just now begins then: by how much it was dated back is no part of it, and may be
/// more than all that is left.
/// </summary>
internal sealed class CertificateAge
{
    /// <summary>Of its life, after which a certificate is replaced.</summary>
    private const double RenewAfter = 2.0 / 3;

    /// <summary>Authorities date certificates back a little, for clocks like these.</summary>
    private static readonly TimeSpan MostBackdated = TimeSpan.FromMinutes(10);

    private readonly TimeProvider time;
    private readonly TimeSpan life;
    private readonly TimeSpan first;
    private readonly DateTimeOffset wall;
    private readonly long ticks;

    private CertificateAge(TimeProvider time, TimeSpan life, TimeSpan first) => (this.time, this.life, this.first, wall, ticks) = (time, life, first, time.GetUtcNow(), time.GetTimestamp());

    /// <summary>How far the clock is ahead of the authority's that has just issued the certificate; negative when it is behind. Right to some minutes.</summary>
    public TimeSpan Ahead { get; private init; }

    /// <summary>How long it need not be replaced yet; zero or less once it is due.</summary>
    public TimeSpan Left => (life * RenewAfter) - Now;

    public bool IsDue => Left <= TimeSpan.Zero;

    public bool IsOver => Now >= life;

    private TimeSpan Now => first + Longer(time.GetUtcNow() - wall, time.GetElapsedTime(ticks));

    /// <summary>It has come just now.</summary>
    public static CertificateAge OfNew(X509Certificate2 certificate, TimeProvider time)
    {
        TimeSpan since = time.GetUtcNow() - certificate.NotBefore.ToUniversalTime();
        TimeSpan ahead = since > MostBackdated ? since - MostBackdated : since < TimeSpan.Zero ? since : TimeSpan.Zero;
        return new CertificateAge(time, Life(certificate) - (since - ahead), TimeSpan.Zero) { Ahead = ahead };
    }

    /// <summary>It was kept. One that is not valid yet was issued by another clock: how old it is nobody knows, so it is replaced.</summary>
    public static CertificateAge OfKept(X509Certificate2 certificate, TimeProvider time)
    {
        TimeSpan since = time.GetUtcNow() - certificate.NotBefore.ToUniversalTime();
        return new CertificateAge(time, Life(certificate), since < TimeSpan.Zero ? Life(certificate) * RenewAfter : since);
    }

    /// <summary>Why nobody is let in by it, whoever's clock is wrong.</summary>
    public string Untimely(X509Certificate2 certificate) => IsOver
        ? "its certificate has expired"
        : $"by the control plane's clock its certificate is not good now; it is from {Conditions.Time(certificate.NotBefore.ToUniversalTime())} to {Conditions.Time(certificate.NotAfter.ToUniversalTime())}, and this machine's clock says {Conditions.Time(time.GetUtcNow())}";

    private static TimeSpan Life(X509Certificate2 certificate) => certificate.NotAfter - certificate.NotBefore;

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
