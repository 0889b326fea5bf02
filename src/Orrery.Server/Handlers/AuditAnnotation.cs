using Microsoft.AspNetCore.Http;

namespace Orrery.Server.Handlers;

/// <summary>What a handler of another project adds to the audit event of the request that it serves.</summary>
public static class AuditAnnotation
{
    /// <summary>Does nothing where no event is kept. The first value that is given for a key stays.</summary>
    /// <param name="key">With the prefix <c>orrery.dev/</c>.</param>
    public static void Add(HttpContext http, string key, string value) => http.Features.Get<IAuditAnnotations>()?.Add(key, value);
}
